import Foundation
import Testing

@Suite struct ManualTests {
  @Test(arguments: ["bash", "zsh", "fish"])
  func completionsNameTheCommands(shell: String) throws {
    try withProgram { program in
      let result = try program.cohort("completions", shell)
      #expect(result.status == 0, "\(result)")
      for word in ["config", "completions", "store"] { #expect(result.output.contains(word)) }
    }
  }

  @Test func bashAcceptsItsScript() throws {
    try withProgram { program in
      let result = try program.shell("cohort completions bash > script && bash -n script && echo fine")
      #expect(result.output == "fine\n", "\(result)")
    }
  }

  @Test func shellsCompleteNamesOfTheStore() throws {
    try withProgram { program in
      let made = try program.shell(
        "cohort init --store s && for n in topics tasks other; do cohort grouping create $n --by task --store s; done")
      try #require(made.status == 0, "\(made)")
      let question = "cohort ---completion grouping drop -- positional@0 5 1 cohort grouping drop --store s t"
      let result = try program.shell(question)
      #expect(result.output.split(separator: "\n") == ["tasks", "topics"].reversed(), "\(result)")
      let nowhere = try program.shell(question.replacing("--store s", with: "--store nowhere"))
      #expect(nowhere.status == 0 && nowhere.output.filter { $0 != "\n" }.isEmpty, "\(nowhere)")
    }
  }

  @Test func everyCommandHasAPage() throws {
    try withProgram { program in
      let result = try program.shell("mkdir pages && cohort man --output pages && ls pages")
      #expect(result.status == 0, "\(result)")
      let pages = result.output.split(separator: "\n")
      #expect(pages.contains("cohort.1"))
      #expect(pages.contains("cohort-config-show.1"))
      for page in pages {
        let text = try program.read("pages/\(page)")
        let name = page.dropLast(2)
        #expect(text.hasPrefix(".TH \"\(name.uppercased().replacing("-", with: "\\-"))\" \"1\""), "\(page)")
        for section in ["NAME", "SYNOPSIS", "DESCRIPTION", "EXIT STATUS"] {
          #expect(text.contains(".SH \"\(section)\"\n"), "\(page) has no \(section)")
        }
      }
    }
  }

  @Test func pagesSurviveTheFormatter() throws {
    try withProgram { program in
      let result = try program.shell(
        "command -v groff > /dev/null || { echo none; exit; }; cohort man config show | groff -man -Tutf8 -ww -z && echo fine"
      )
      #expect(["fine\n", "none\n"].contains(result.output), "\(result)")
      #expect(result.errors.isEmpty, "\(result)")
    }
  }

  @Test func theDaemonHasAPageOfItsOwn() throws {
    try withProgram { program in
      let page = try program.cohort("man", "cohortd")
      #expect(page.status == 0 && page.output.hasPrefix(".TH \"COHORTD\" \"1\""), "\(page)")
      for text in [
        ".SH \"INBOXES\"\n", "\\-\\-config", "\\-\\-token\\-file", "\\-\\-role", "A second SIGINT", "\\fBcohort\\fR(1)",
      ] { #expect(page.output.contains(text), "\(text)") }
      let formatted = try program.shell(
        "command -v groff > /dev/null || { echo none; exit; }; cohort man cohortd | groff -man -Tutf8 -ww -z && echo fine"
      )
      #expect(["fine\n", "none\n"].contains(formatted.output) && formatted.errors.isEmpty, "\(formatted)")
      let all = try program.shell(
        "mkdir pages && cohort man --output pages && cmp pages/cohortd.1 <(cohort man cohortd)")
      #expect(all.status == 0, "\(all)")
    }
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func shellsCompleteTheDaemonsFlags(shell: String) throws {
    try withProgram { program in
      let script = try program.cohortd(["--generate-completion-script", shell])
      #expect(script.status == 0)
      for word in ["token-file", "print-config", "task-from-folder"] {
        #expect(script.output.contains(word), "\(word)")
      }
      guard shell == "bash" else { return }
      let checked = try program.shell("cohortd --generate-completion-script bash > s && bash -n s && echo fine")
      #expect(checked.output == "fine\n", "\(checked)")
    }
  }

  @Test func anUnknownPageIsNotFound() throws {
    try withProgram { program in
      let result = try program.cohort("man", "confi", "--json")
      #expect(result.status == 3)
      #expect(try result.error()["hint"] as? String == "Did you mean 'config'?")
    }
  }
}
