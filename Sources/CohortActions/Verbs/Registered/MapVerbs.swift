internal import CohortCore
internal import CohortDrawing

extension VerbRegistry {
  /// Places in the plane that stay.
  static let maps: [Verb] = [mapList, mapCreate, mapShow, mapPlaces, mapDraw, mapUpdate, mapRefit, mapDrop]

  private static let map = VerbParameter.named("map", "The map.")

  /// What work on a map says.
  static let mapWork: [VerbField] = [
    VerbField("map", .text), VerbField("grouping", .text), VerbField("samples", .count), VerbField("placed", .count),
    VerbField("events", .count), VerbField("waiting", .count), VerbField("edition", .count),
    VerbField("digest", .text),
  ]

  private static let mapList = Verb.rows(
    "List the maps.", VerbRoute(.get, "/maps"),
    answers: [
      VerbField("map", .text), VerbField("grouping", .optional(.text)), VerbField("samples", .count),
      VerbField("edition", .count), VerbField("created", .time), VerbField("digest", .text),
    ]
  ) { _ in MapListAction() }

  private static let mapCreate = Verb.record(
    "Give every sample of a grouping a place in the plane, for good.", access: .updates, isLong: true,
    VerbRoute(.post, "/maps", status: 201),
    [
      .newName("map"),
      VerbParameter("grouping", .body, .text, isRequired: true, "The grouping by embedding that it follows."),
    ], answers: mapWork
  ) { MapCreateAction(try $0.text("name"), grouping: try $0.text("grouping")) }

  private static let mapShow = Verb.record(
    "Show what a map holds and how far it has come.", access: .reads, VerbRoute(.get, "/maps/{map}"), [map],
    answers: [
      VerbField("map", .text), VerbField("grouping", .text), VerbField("samples", .count), VerbField("live", .count),
      VerbField("edition", .count), VerbField("created", .time), VerbField("rules", .count),
      VerbField("cells", .count), VerbField("settled", .count), VerbField("new_land", .count),
      VerbField("through", .count), VerbField("left", .number), VerbField("right", .number),
      VerbField("bottom", .number), VerbField("top", .number), VerbField("digest", .text),
    ]
  ) { MapShowAction(try $0.text("map")) }

  private static let mapPlaces = Verb.rows(
    "Tell where each sample of a map is, by ids.", VerbRoute(.get, "/maps/{map}/places"), [map],
    answers: [
      VerbField("id", .count), VerbField("x", .number), VerbField("y", .number), VerbField("group", .optional(.count)),
    ]
  ) { MapPlacesAction(try $0.text("map")) }

  private static let mapDraw = Verb(
    MapDrawAction.name, "Draw a map as a page or as a picture.", access: .reads,
    route: VerbRoute(.get, "/maps/{map}/drawing"),
    parameters: [
      map,
      VerbParameter(
        "form", .query, .choice(DrawingForm.allCases.map(\.rawValue)), standard: .text(DrawingForm.html.rawValue),
        "A page that needs nothing else, or a picture."),
      VerbParameter(
        "colour", .query, .choice(MapDrawAction.Colour.allCases.map(\.rawValue)),
        standard: .text(MapDrawAction.Colour.group.rawValue), "What colours mean first; a page offers the others, too."),
      VerbParameter(
        "label", .query, .choice(MapDrawAction.Label.allCases.map(\.rawValue)), "Words that stand in the map."),
      VerbParameter("width", .query, .integer(pixels), "Of a picture, in pixels: 1600 unless given."),
      VerbParameter("height", .query, .integer(pixels), "Of a picture, in pixels: 1200 unless given."),
      VerbParameter(
        "theme", .query, .choice(DrawingTheme.allCases.map(\.rawValue)), "Of a picture: light unless given."),
    ],
    answer: .file(DrawingForm.allCases.map(\.mediaType))
  ) { arguments, store, control, _ in
    let action = MapDrawAction(
      try arguments.text("map"), as: DrawingForm(rawValue: try arguments.text("form")) ?? .html,
      colour: MapDrawAction.Colour(rawValue: try arguments.text("colour")) ?? .group,
      label: try arguments.text(ifGiven: "label").flatMap { MapDrawAction.Label(rawValue: $0) },
      width: try arguments.count(ifGiven: "width"), height: try arguments.count(ifGiven: "height"),
      theme: try arguments.text(ifGiven: "theme").flatMap { DrawingTheme(rawValue: $0) })
    let (bytes, report) = try action.drawn(on: store, control)
    return VerbEnd(
      file: VerbFile(mediaType: action.form.mediaType, bytes: bytes), notes: report.note.map { [$0] } ?? [])
  }

  /// Of a side of a picture.
  private static let pixels: ClosedRange<Int64> = 320...16_384

  private static let mapUpdate = Verb.record(
    "Place what came since the last update of a map; the others stay.", access: .updates, isLong: true,
    VerbRoute(.post, "/maps/{map}/update"),
    [
      map,
      VerbParameter(
        "tail", .body, .boolean, standard: false, "Also the samples of a round of the grouping that is not whole yet."),
    ], answers: mapWork
  ) { MapUpdateAction(try $0.text("map"), isTailPlaced: $0.flag("tail")) }

  private static let mapRefit = Verb.record(
    "Lay a map out anew: all its samples move.", access: .updates, isLong: true,
    VerbRoute(.post, "/maps/{map}/refit"), [map], answers: mapWork
  ) { MapRefitAction(try $0.text("map")) }

  private static let mapDrop = Verb.record(
    "Forget a map.", name: DropAction(.map, named: "").name, access: .writes, VerbRoute(.delete, "/maps/{map}"), [map],
    answers: AnswerFields.dropped
  ) { DropAction(.map, named: try $0.text("map")) }
}
