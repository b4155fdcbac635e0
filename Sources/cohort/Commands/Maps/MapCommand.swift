import ArgumentParser
import CohortActions

/// `cohort map`
struct MapCommand: CohortCommandGroup {
  static let configuration = CommandConfiguration(
    commandName: "map", abstract: "Maps: a place in the plane for every sample, near to what is like it.",
    discussion: examples(
      "cohort map create overview --grouping topics", "cohort map draw overview map.html",
      "cohort map update overview", "cohort map list",
      text: "Places stay: new samples come to the map without moving those that are there."),
    subcommands: [MapCreate.self, MapUpdate.self, MapDraw.self, MapList.self, MapShow.self, MapDrop.self])

  @OptionGroup(title: "Global options") var global: GlobalOptions
}

/// `cohort map create`
struct MapCreate: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "create", abstract: "Give every sample of a grouping a place in the plane, for good.",
    discussion: examples(
      "cohort map create overview --grouping topics", "cohort map create overview --refit",
      text: """
        The grouping has to be by embedding. --refit lays out a map anew that is there already: all its samples move, and \
        the new edition is turned so that it looks like the old one where it can.
        """))

  @Argument(help: "The map's name.", completion: StoreNames.maps) var name: String
  @Option(help: ArgumentHelp("The grouping that it follows.", valueName: "name"), completion: StoreNames.groupings)
  var grouping: String?
  @Flag(help: "Lay out anew the map of that name.") var refit = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func validate() throws {
    if refit == (grouping != nil) {
      throw ValidationError("Say --grouping for a new map, or --refit for one that is there.")
    }
  }

  func execute(_ session: Session) throws -> Outcome {
    guard let grouping else { return try session.run(MapRefitAction(name)) }
    return try session.run(MapCreateAction(name, grouping: grouping))
  }
}

/// `cohort map update`
struct MapUpdate: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "update", abstract: "Place what came since the last update; the others stay.",
    discussion: examples(
      "cohort map update overview", "cohort map update overview --tail",
      text: """
        Samples come a whole round of the grouping at a time, so that it does not matter in which pieces they arrived. \
        'cohort update' does the same for all maps.
        """))

  @Argument(help: "The map.", completion: StoreNames.maps) var name: String
  @Flag(help: "Also place the samples of a round that is not whole yet.") var tail = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> MapUpdateAction { MapUpdateAction(name, isTailPlaced: tail) }
}

/// `cohort map list`
struct MapList: ListCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the maps.", discussion: examples("cohort map list", "cohort map list --json"))

  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> MapListAction { MapListAction() }
}

/// `cohort map show`
struct MapShow: CohortCommand {
  static let configuration = CommandConfiguration(
    commandName: "show", abstract: "Show what a map holds and how far it has come, or where each sample is.",
    discussion: examples("cohort map show overview", "cohort map show overview --rows --format csv"))

  @Argument(help: "The map.", completion: StoreNames.maps) var name: String
  @Flag(help: "Where each sample is and its group, in place of the summary.") var rows = false
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func execute(_ session: Session) throws -> Outcome {
    try rows ? session.run(MapPlacesAction(name)) : session.run(MapShowAction(name))
  }
}

/// `cohort map drop`
struct MapDrop: RecordCommand {
  static let configuration = CommandConfiguration(
    commandName: "drop", abstract: "Forget a map.", discussion: examples("cohort map drop overview"))

  @Argument(help: "The map.", completion: StoreNames.maps) var name: String
  @OptionGroup(title: "Global options") var global: GlobalOptions

  func action(_ session: Session) -> DropAction { DropAction(.map, named: name) }
}
