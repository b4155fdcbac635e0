import Foundation
import Testing

@Suite struct ConfigurationTests {
  /// key -> (value, origin, place)
  private func settings(_ result: Program.Result) throws -> [String: (value: String, origin: String, place: String?)] {
    let rows = try #require(try result.json() as? [[String: Any]], "\(result)")
    var found: [String: (value: String, origin: String, place: String?)] = [:]
    for row in rows {
      let key = try #require(row["key"] as? String)
      let value = try #require(row["value"])
      found[key] = ("\(value)", row["origin"] as? String ?? "", row["place"] as? String)
    }
    return found
  }

  @Test func everyLayerIsStrongerThanTheNext() throws {
    try withProgram { program in
      try program.write("workers = 2\nprogress = \"off\"\n", to: "user/cohort/config.toml")
      let user = ["XDG_CONFIG_HOME": program.folder.appendingPathComponent("user").path]
      var found = try settings(try program.cohort("config", "show", "--json", environment: user))
      #expect(found["workers"]?.value == "2")
      #expect(found["workers"]?.origin == "user")
      #expect(found["workers"]?.place?.hasSuffix("user/cohort/config.toml:1") == true)
      #expect(found["store"]?.origin == "default")

      try program.write("workers = 3\n", to: "cohort/cohort.toml")
      found = try settings(try program.cohort("config", "show", "--json", environment: user))
      #expect(found["workers"]?.value == "3")
      #expect(found["workers"]?.place == "./cohort/cohort.toml:1")
      #expect(found["progress"]?.origin == "user")

      try program.write("# project\nworkers = 4\n", to: "cohort.toml")
      found = try settings(try program.cohort("config", "show", "--json", environment: user))
      #expect(found["workers"]?.value == "4")
      #expect(found["workers"]?.origin == "project")
      #expect(found["workers"]?.place == "cohort.toml:2")

      let environment = user.merging(["COHORT_WORKERS": "5"]) { $1 }
      found = try settings(try program.cohort("config", "show", "--json", environment: environment))
      #expect(found["workers"]?.value == "5")
      #expect(found["workers"]?.place == "COHORT_WORKERS")

      found = try settings(
        try program.cohort("config", "show", "--json", "--workers", "6", environment: environment))
      #expect(found["workers"]?.value == "6")
      #expect(found["workers"]?.origin == "flag")
    }
  }

  @Test func theStoreComesFromTheSameLayers() throws {
    try withProgram { program in
      try program.write("store = \"data\"\n", to: "cohort.toml")
      try program.write("workers = 7\n", to: "data/cohort.toml")
      let found = try settings(try program.cohort("config", "show", "--json"))
      #expect(found["store"]?.value == "data")
      #expect(found["workers"]?.value == "7", "the store's own file is read from where the store is")
      let flag = try settings(try program.cohort("config", "show", "--json", "--store", "elsewhere"))
      #expect(flag["store"]?.value == "elsewhere")
      #expect(flag["workers"]?.origin == "default")
    }
  }

  @Test(arguments: [
    ("stor = \"x\"\n", "cli.config-key", "cohort.toml:1", "Did you mean 'store'?"),
    ("\nworkers = \"2\"\n", "cli.config-value", "cohort.toml:2", "whole number"),
    ("workers = 0\n", "cli.config-value", "cohort.toml:1", "from 1 to 1024"),
    ("format = \"xml\"\n", "cli.config-value", "cohort.toml:1", "table, box"),
    ("[ingest]\n# a comment\nspeed = 1\n", "cli.config-key", "cohort.toml:3", "config show"),
    ("store = \n", "cli.config-syntax", "cohort.toml:1", ""),
    ("store = \"a\"\nstore = \"b\"\n", "cli.config-syntax", "cohort.toml:2", ""),
  ])
  func mistakesAreErrorsWithTheirPlace(text: String, code: String, place: String, hint: String) throws {
    try withProgram { program in
      try program.write(text, to: "cohort.toml")
      let result = try program.cohort("config", "show", "--json")
      #expect(result.status == 2, "\(result)")
      let error = try result.error()
      #expect(error["code"] as? String == code)
      #expect((error["place"] as? String)?.hasPrefix(place) == true, "\(result)")
      if !hint.isEmpty { #expect((error["hint"] as? String)?.contains(hint) == true, "\(result)") }
    }
  }

  @Test func aBadEnvironmentIsAnErrorThatNamesTheVariable() throws {
    try withProgram { program in
      let result = try program.cohort("config", "show", "--json", environment: ["COHORT_WORKERS": "many"])
      #expect(result.status == 2)
      #expect(try result.error()["place"] as? String == "COHORT_WORKERS")
    }
  }

  @Test func brokenConfigurationDoesNotKeepHelpFromAnyone() throws {
    try withProgram { program in
      try program.write("no = \n", to: "cohort.toml")
      #expect(try program.cohort("--help").status == 0)
      #expect(try program.cohort("config", "show").status == 2)
    }
  }

  @Test func aStoreCannotSayWhereItIs() throws {
    try withProgram { program in
      try program.write("store = \"x\"\n", to: "cohort/cohort.toml")
      let result = try program.cohort("config", "show", "--json")
      #expect(result.status == 2)
      #expect(try result.error()["place"] as? String == "./cohort/cohort.toml:1")
    }
  }
}
