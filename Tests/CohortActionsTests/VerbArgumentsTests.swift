import CohortCore
import CohortTesting
import Foundation
import Testing

@testable import CohortActions

/// What a request says, held against what a verb takes.
@Suite struct VerbArgumentsTests {
  private static let verb = Verb(
    "thing do", "Does a thing.", access: .reads, route: VerbRoute(.post, "/things/{thing}"),
    parameters: [
      VerbParameter("thing", .path, .text, isRequired: true, "The thing."),
      VerbParameter("epoch", .query, .unsigned(0...UInt64.max), standard: .unsigned(0), "The epoch."),
      VerbParameter("kind", .query, .list(.choice(["ingest", "delete"])), "Kinds."),
      VerbParameter("share", .query, .bounded(0...1), "A share."),
      VerbParameter("deep", .query, .boolean, "Deep."),
      VerbParameter("batch_size", .body, .integer(1...100), isRequired: true, "The size of a batch."),
      VerbParameter("seed", .body, .unsigned(0...UInt64.max), "The seed."),
      VerbParameter("names", .body, .list(.text), "Names."),
      VerbParameter("set", .body, .map(.any), "Values."),
      VerbParameter(
        "range", .body, .record([VerbField("from", .number), VerbField("to", .number, isRequired: false)]), "Range."),
      VerbParameter("since", .body, .optional(.time), "Since when."),
    ], answer: .record([])
  ) { _, _, _, _ in VerbEnd() }

  private func arguments(
    _ body: String = #"{"batch_size":8}"#, query: [(name: String, value: String)] = []
  ) throws -> VerbArguments {
    try Self.verb.arguments(path: ["thing": "it"], query: query, body: Array(body.utf8))
  }

  private func refusal(
    _ body: String = #"{"batch_size":8}"#, query: [(name: String, value: String)] = []
  ) throws -> CohortError {
    try failure { _ = try arguments(body, query: query) }
  }

  @Test func placesAreMergedAndTextsBecomeValues() throws {
    let all = try arguments(
      #"{"batch_size":8.0,"names":["a","b"],"set":{"x":[1,null]},"range":{"from":1},"since":null}"#,
      query: [("kind", "delete"), ("epoch", "7"), ("kind", "ingest"), ("share", "0.5"), ("deep", "true")])
    #expect(try all.text("thing") == "it")
    #expect(try all.count("batch_size") == 8)
    #expect(try all.count("epoch", as: UInt64.self) == 7)
    #expect(try all.texts("kind") == ["delete", "ingest"])
    #expect(try all.texts("names") == ["a", "b"])
    #expect(try all.number("share") == 0.5)
    #expect(all.flag("deep"))
    #expect(!all.has("seed"))
    #expect(JSONText.string(all.values["set"] ?? .null) == #"{"x":[1,null]}"#)
  }

  @Test func standardsAreThereWhereNothingWasSaid() throws {
    #expect(try arguments().count("epoch", as: Int.self) == 0)
    #expect(try arguments().count(ifGiven: "seed", as: UInt64.self) == nil)
  }

  @Test(arguments: [0, 1, UInt64(Int64.max), UInt64(Int64.max) + 1, UInt64.max - 1, UInt64.max])
  func everyUInt64Survives(_ number: UInt64) throws {
    let given = try arguments(#"{"batch_size":1,"seed":\#(number)}"#, query: [("epoch", "\(number)")])
    #expect(try given.count("seed", as: UInt64.self) == number)
    #expect(try given.count("epoch", as: UInt64.self) == number)
  }

  @Test func unknownNamesAreRefusedWithTheClosestOne() throws {
    let body = try refusal(#"{"batch_size":8,"batchsize":8}"#)
    #expect(body.code == .cliArgument)
    #expect(body.place == "batchsize")
    #expect(body.hint == "Did you mean 'batch_size'?")
    #expect(try refusal(query: [("epochs", "1")]).hint == "Did you mean 'epoch'?")
    #expect(try refusal(query: [("wholly", "1")]).hint == "It takes epoch, kind, share, deep")
  }

  @Test func aNameInAnotherPlaceIsToldItsPlace() throws {
    let error = try refusal(query: [("seed", "1")])
    #expect(error.place == "seed")
    #expect(error.message.contains("goes into the body"))
  }

  @Test func whatIsNeededIsMissed() throws {
    for body in ["", "  \n", "{}"] {
      let error = try refusal(body)
      #expect(error.code == .cliArgument)
      #expect(error.place == "batch_size")
      #expect(error.hint == "The size of a batch.")
    }
  }

  @Test(arguments: [
    ("batch_size", "0"), ("batch_size", "101"), ("batch_size", "\"8\""), ("batch_size", "8.5"), ("batch_size", "null"),
    ("batch_size", "true"), ("batch_size", "1e400"), ("batch_size", "18446744073709551616"), ("seed", "-1"),
    ("seed", "18446744073709551616"), ("names", "\"a\""), ("names", "[1]"), ("names", "{}"), ("set", "[]"),
    ("since", "\"yesterday\""), ("since", "7"),
  ])
  func valuesOfOtherTypesAndBeyondTheirBoundsAreRefused(_ name: String, _ value: String) throws {
    let other = name == "batch_size" ? "" : #""batch_size":8,"#
    let error = try refusal("{\(other)\"\(name)\":\(value)}")
    #expect(error.code == .cliArgument)
    #expect(error.place == name)
  }

  @Test(arguments: [
    ("epoch", ""), ("epoch", "-1"), ("epoch", "+1"), ("epoch", "1.0"), ("epoch", "0x1"),
    ("epoch", "18446744073709551616"),
    ("share", "1.01"), ("share", "nan"), ("share", "0x1p-1"), ("share", ""), ("deep", "yes"), ("deep", "1"),
    ("kind", "round"),
  ])
  func textsThatAreNoSuchValueAreRefused(_ name: String, _ text: String) throws {
    let error = try refusal(query: [(name, text)])
    #expect(error.code == .cliArgument)
    #expect(error.place == name)
  }

  @Test func aWrongWordIsToldTheClosestOne() throws {
    #expect(try refusal(query: [("kind", "delte")]).hint == "Did you mean 'delete'?")
  }

  @Test func membersOfObjectsAreLookedAt() throws {
    #expect(try refusal(#"{"batch_size":8,"range":{}}"#).place == "range.from")
    let unknown = try refusal(#"{"batch_size":8,"range":{"from":1,"too":2}}"#)
    #expect(unknown.place == "range.too")
    #expect(unknown.hint == "Did you mean 'to'?")
  }

  @Test func nothingIsGivenTwice() throws {
    #expect(try refusal(#"{"batch_size":8,"batch_size":9}"#).place == "batch_size")
    #expect(try refusal(query: [("epoch", "1"), ("epoch", "1")]).place == "epoch")
  }

  @Test(arguments: ["[]", "7", "null", "{", "{\"a\":}", "nonsense", "\u{feff}{}", "{} {}", "{\"batch_size\":08}"])
  func aBodyThatIsNoObjectIsMalformed(_ body: String) throws {
    #expect(try refusal(body).code == .cliMalformedBody)
  }

  @Test func aBodyMayNotBeTooDeepNorOtherThanUTF8() throws {
    let deep = String(repeating: "[", count: 70) + String(repeating: "]", count: 70)
    #expect(try refusal(#"{"batch_size":8,"set":{"x":\#(deep)}}"#).code == .cliMalformedBody)
    let error = try failure {
      _ = try Self.verb.arguments(path: ["thing": "it"], body: [0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    }
    #expect(error.code == .cliMalformedBody)
  }

  @Test func aNameOfAMegabyteDoesNotComeBack() throws {
    let name = String(repeating: "x", count: 1 << 20)
    let error = try refusal(#"{"batch_size":8,"\#(name)":1}"#)
    #expect("\(error)".count < 1000)
    let word = try refusal(query: [("kind", name)])
    #expect("\(word)".count < 1000)
  }

  /// Any value of a shape is taken as it is; the same value with one place broken is not.
  @Test(arguments: [1, 2, 3, 4, 5, 6, 7, 8] as [UInt64])
  func valuesOfAShapeAreTakenAndBrokenOnesAreNot(_ seed: UInt64) throws {
    var random = TestRandom(seed: seed)
    for _ in 0..<200 {
      let shape = Self.shape(&random, depth: 3)
      let value = Self.value(shape, &random)
      let checked = try shape.checked(value, for: "x")
      #expect(Conformance.fault(checked, shape) == nil, "seed \(seed)")
      #expect(JSONText.string(try shape.checked(checked, for: "x")) == JSONText.string(checked), "seed \(seed)")
      let broken = ReportValue.list([.list([value])])
      guard case .list = shape else {
        #expect(codeName { _ = try shape.checked(broken, for: "x") } == "cli.argument", "seed \(seed)")
        continue
      }
      #expect(codeName { _ = try shape.checked(.record(["no": .null]), for: "x") } == "cli.argument", "seed \(seed)")
    }
  }

  private static func shape(_ random: inout TestRandom, depth: Int) -> ValueShape {
    switch random.below(depth > 0 ? 11 : 7) {
    case 0: .text
    case 1: .choice(["a", "b"])
    case 2: .integer(-5...5)
    case 3: .unsigned(0...UInt64.max)
    case 4: .number
    case 5: .bounded(0...1)
    case 6: .boolean
    case 7: .list(shape(&random, depth: depth - 1))
    case 8: .map(shape(&random, depth: depth - 1))
    case 9:
      .record([
        VerbField("a", shape(&random, depth: depth - 1)), VerbField("b", .text, isRequired: random.below(2) == 0),
      ])
    default: .optional(scalar(&random))
    }
  }

  private static func scalar(_ random: inout TestRandom) -> ValueShape { random.below(2) == 0 ? .text : .number }

  private static func value(_ shape: ValueShape, _ random: inout TestRandom) -> ReportValue {
    switch shape {
    case .text, .time, .any: return .text("t\(random.below(100))")
    case .choice(let words): return .text(words[random.below(words.count)])
    case .integer: return .integer(Int64(random.below(11)) - 5)
    case .unsigned: return .unsigned(random.next())
    case .number: return .number(random.normal())
    case .bounded: return .number(random.unit())
    case .boolean: return .boolean(random.below(2) == 0)
    case .list(let shape): return .list((0..<random.below(4)).map { _ in value(shape, &random) })
    case .map(let shape):
      return .record(ReportRecord((0..<random.below(4)).map { (name: "k\($0)", value: value(shape, &random)) }))
    case .record(let fields):
      return .record(
        ReportRecord(
          fields.filter { $0.isRequired || random.below(2) == 0 }.map {
            (name: $0.name, value: value($0.shape, &random))
          }))
    case .optional(let shape): return random.below(3) == 0 ? .null : value(shape, &random)
    }
  }
}
