import CohortCore
import CohortIngestion
import Testing

/// What is said of text that is no JSON, and of numbers that do not fit.
@Suite struct JSONDiagnosisTests {
  private func rejection(_ text: String) throws -> ReadRejection? {
    try readLines([#"{"text":"t"}"#, text], options { $0.format = .lines }).rejections.first
  }

  @Test(arguments: [
    (#"{"text":"abc}"#, "the text that opens at line 1, column 9 of the record has no closing quotation mark"),
    (#"{"text":"a" "b":1}"#, "a comma is missing (line 1, column 13 of the record)"),
    (
      #"{"text":"a "quoted" word"}"#,
      "a comma is missing before 'quoted', or a quotation mark before it is not escaped (line 1, column 13 of the record)"
    ),
    (#"{"text" "a"}"#, "a colon is missing between a key and its value (line 1, column 9 of the record)"),
    (#"{"text":"a",}"#, "a comma stands before the end of the object (line 1, column 13 of the record)"),
    (#"{"text":"é","a":[1,2,]}"#, "a comma stands before the end of the list (line 1, column 22 of the record)"),
    (#"{'text':"a"}"#, "a key is in single quotation marks; JSON takes double ones (line 1, column 2 of the record)"),
    (#"{"text":'a'}"#, "a text is in single quotation marks; JSON takes double ones (line 1, column 9 of the record)"),
    (#"{text:"a"}"#, "the key 'text' is not in quotation marks (line 1, column 2 of the record)"),
    (#"{"text":NaN}"#, "'NaN' is no JSON number; write null (line 1, column 9 of the record)"),
    (#"{"text":"a","x":Infinity}"#, "'Infinity' is no JSON number; write null (line 1, column 17 of the record)"),
    (#"{"text":"a","x":True}"#, "'True' is Python; JSON writes true (line 1, column 17 of the record)"),
    (#"{"text":None}"#, "'None' is Python; JSON writes null (line 1, column 9 of the record)"),
    (#"{"text":"a" /* x */}"#, "JSON has no comments (line 1, column 13 of the record)"),
    ("// a\u{20}line", "JSON has no comments (line 1, column 1 of the record)"),
    ("{\"text\":\"a\tb\"}", "a bare tab stands in a text; JSON writes \\t (line 1, column 11 of the record)"),
    (
      "{\"text\":\"a\u{1}b\"}",
      "a bare control character U+0001 stands in a text; JSON writes \\u0001 (line 1, column 11 of the record)"
    ),
    (#"{"text":"a","b":[1"#, "the text ends inside the list that opens at line 1, column 17 of the record"),
    (#"{"text":"a""#, "the text ends inside the object that opens at line 1, column 1 of the record"),
    (
      #"{"text":"a"]"#,
      "']' closes the object that opens at line 1, column 1 of the record (line 1, column 12 of the record)"
    ),
    (#"{"text":"a"} x"#, "text follows the value (line 1, column 14 of the record)"),
    (#"{"text":"a\q"}"#, "a backslash before 'q' is no escape of JSON (line 1, column 11 of the record)"),
    (#"{"text":"\u12g4"}"#, "'\\u' is not followed by four hexadecimal digits (line 1, column 10 of the record)"),
    (#"{"text":}"#, "a value is missing before '}' (line 1, column 9 of the record)"),
    (
      "{\"text\":\u{201c}a\u{201d}}",
      "a typographic quotation mark stands where JSON takes a straight one (line 1, column 9 of the record)"
    ),
    (
      #"{"text":undefined}"#,
      "'undefined' is no JSON value; a text stands in quotation marks (line 1, column 9 of the record)"
    ),
  ])
  func everyFaultHasItsSentence(text: String, sentence: String) throws {
    let rejection = try rejection(text)
    #expect(rejection?.reason == "invalid-json")
    #expect(rejection?.detail == sentence)
  }

  @Test(arguments: [
    ("01", "the number '01' begins with a zero"), ("1.e3", "the number '1.e3' has no digit behind its point"),
    ("1e", "the number '1e' has no digit in its exponent"), ("-", "the number '-' has no digit behind its sign"),
    ("-Infinity", "'-Infinity' is no JSON number; write null"),
    ("0x1F", "the number '0x1F' is not one that JSON knows"),
  ])
  func everyMalformedNumberHasItsSentence(number: String, sentence: String) throws {
    let rejection = try rejection(#"{"text":"a","n":\#(number)}"#)
    #expect(["invalid-number", "invalid-json"].contains(rejection?.reason))
    #expect(rejection?.detail == sentence + " (line 1, column 17 of the record)")
    // A number that is too wide elsewhere changes nothing.
    let both = try self.rejection(#"{"text":"a","w":1e999,"n":\#(number)}"#)
    #expect(both?.detail == sentence + " (line 1, column 27 of the record)")
  }

  @Test func linesAndColumnsAreThoseInTheRecord() throws {
    let text = "[\n{\"text\":\"t\"},\n{\"text\": \"é\",\n  \"n\": nul}\n]"
    let result = try read(text)
    #expect(result.rejections.first?.detail.hasSuffix("(line 2, column 8 of the record)") == true)
    #expect(result.rejections.first?.line == 2)
  }

  /// Numbers beyond 64 bits come out as they were written, wherever they are.
  @Test func wideNumbersAreKeptAsTheyAre() throws {
    let digits = "1" + String(repeating: "0123456789", count: 40)
    for number in [
      "18446744073709551616", "-9223372036854775809", "1e400", "-1E+999", digits, "-" + digits, digits + ".5e300",
    ] {
      let record =
        #"{"text":"say \"\#(number)\"","id":\#(number),"a":[{"\#(number)":\#(number)},"\#(number)",1,\#(number)]}"#
      let result = try readLines([record])
      #expect(result.order == "s", "\(number)")
      #expect(result.samples.first?.messages.last?.text == "say \"\(number)\"")
      #expect(
        result.samples.first?.attributes
          == #"{"id":\#(number),"a":[{"\#(number)":\#(number)},"\#(number)",1,\#(number)]}"#)
    }
    let fits =
      #"{"text":"t","a":[18446744073709551615,-9223372036854775808,1e308,9007199254740993,0.1000000000000000055,1E5]}"#
    #expect(
      try readLines([fits]).samples.first?.attributes
        == #"{"a":[18446744073709551615,-9223372036854775808,1e+308,9007199254740993,0.1,100000.0]}"#)
  }

  @Test func aWideNumberIsNoLength() throws {
    let lines = [#"{"text":"t","n":7}"#, #"{"text":"u","n":1e400}"#, #"{"text":"v","n":18446744073709551616}"#]
    let result = try readLines(
      lines,
      options {
        $0.lengthUnit = .field
        $0.lengthField = "n"
      })
    #expect(result.order == "srr" && Set(result.reasons) == ["wrong-type"])
    #expect(result.rejections.first?.detail.contains("a number") == true)
  }

  /// A key twice: refused where it is the record's own, decided where it is inside of an attribute.
  @Test func theLastOfEqualNestedKeysCounts() throws {
    let many = (0..<20).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
    let result = try readLines([
      #"{"text":"t","meta":{"k":1,"x":{"é":1,"e\#u{301}":2},"k":2}}"#,
      #"{"text":"u","a":[{"k":1,"k":2,"k":3}],"b":{\#(many),"k3":"last"}}"#, #"{"text":"v","x":1,"x":2}"#,
      #"{"text":"w","x":1,"X":2}"#,
    ])
    #expect(result.order == "ssrs")
    #expect(result.samples.first?.attributes == #"{"meta":{"x":{"é":1,"e\#u{301}":2},"k":2}}"#)
    #expect(result.samples[1].attributes.hasPrefix(#"{"a":[{"k":3}],"b":{"k0":0,"k1":1,"k2":2,"k4":4"#))
    #expect(result.samples[1].attributes.hasSuffix(#""k19":19,"k3":"last"}}"#))
    #expect(
      result.notes == ["3 objects inside records have a key twice; of each such key the last value was kept"])
  }
}
