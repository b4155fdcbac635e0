import CohortPipeline
import Testing

/// How texts are cut into terms. The words are what people would call a group by.
@Suite struct TermTextTests {
  private func terms(_ text: String) -> [String] {
    var terms: [String] = []
    TermText.forEachTerm(in: text) { terms.append($0) }
    return terms
  }

  @Test func neighboursMakePairsAndGrammarDoesNot() {
    #expect(
      terms("Machine learning of the PRIME numbers.") == [
        "machine", "learning", "machine learning", "prime", "numbers", "prime numbers",
      ])
    #expect(terms("left, right") == ["left", "right"])
    #expect(terms("self-attention a1b2") == ["self", "attention", "self attention"])
    #expect(terms("der Hund und eine Katze") == ["hund", "katze"])
    #expect(terms("это новая книга") == ["новая", "книга", "новая книга"])
    #expect(terms("12 + 34 = ?") == [] && terms("") == [])
  }

  @Test func scriptsWithoutSpacesGivePairsOfCharacters() {
    #expect(terms("机器学习") == ["机器", "器学", "学习"])
    #expect(terms("我的机器 learning") == ["机器", "learning"])
    #expect(terms("도시의 역사") == ["도시의", "역사", "도시의 역사"])
  }
}
