import Testing

@testable import CohortDaemon

/// Of files that stay in an inbox is told once, and nothing is remembered of those that are gone.
@Suite struct ToldFilesTests {
  @Test func aFileIsToldOfOnceForAReason() {
    var told = ToldFiles()
    var news = [("a", "hidden"), ("a", "hidden"), ("a", "no regular file"), ("b", "hidden")].map {
      told.isNews($0, $1)
    }
    #expect(news == [true, false, true, true])
    told.beginLook()
    news = [told.isNews("a", "no regular file")]
    told.endLook()
    // One that came back is told of again.
    news += [told.isNews("b", "hidden"), told.isNews("a", "no regular file")]
    #expect(news == [false, true, false])
  }

  @Test func filesThatComeAndGoLeaveNothing() {
    var told = ToldFiles()
    for round in 0..<1000 {
      told.beginLook()
      let news = (0..<5).map { told.isNews("\(round)/\($0)", "hidden") }
      #expect(news == [true, true, true, true, true])
      told.endLook()
    }
    #expect(told.count == 5)
  }
}
