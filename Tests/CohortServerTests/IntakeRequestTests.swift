import CohortCore
import CohortPipeline
import CohortServer
import Testing

/// What a client may ask for.
@Suite struct IntakeRequestTests {
  private func refusal(
    _ query: [(name: String, value: String)] = [], type: String? = nil, encoding: String? = nil
  ) -> IntakeFailure? {
    do throws(IntakeFailure) {
      _ = try IntakeRequest(query: query, contentType: type, contentEncoding: encoding, defaults: IngestRequest())
      return nil
    } catch {
      return error
    }
  }

  @Test func theWordsOfTheCommandAreParameters() {
    let all: [(name: String, value: String)] = [
      ("source", "s"), ("layout", "auto"), ("map", "prompt=a,response=b"), ("role", "a=user"), ("role", "b=assistant"),
      ("max_rank", "1"), ("task", "t"), ("dedupe", "store"), ("identity", "a,b"), ("ignore", "c"),
      ("update_labels", "true"), ("max_line_bytes", "1000"), ("quoting", "never"), ("split", "train"),
      ("licence", "MIT"), ("owner_field", "o"),
    ]
    #expect(refusal(all) == nil)
  }

  @Test(
    arguments: [
      ("tsak", "x"), ("task", ""), ("source", ""), ("source", "a\nb"), ("layout", "alpacca"), ("layout", "/etc/x.toml"),
      ("map", "prompt"), ("map", "nothing=a"), ("role", "x=y"), ("max_rank", "-1"), ("max_rank", "many"),
      ("dedupe", "all"), ("update_labels", "yes"), ("quoting", "maybe"), ("max_line_bytes", "0"), ("split", ""),
      ("task_field", ""), ("licence", ""), ("embeddings", "/etc/passwd"), ("dry_run", "true"),
    ]) func aBadParameterIsNamed(name: String, value: String)
  {
    let refusal = refusal([(name, value)])
    #expect(refusal?.status == 400)
    #expect(refusal?.error.place == name)
    #expect(refusal?.error.category == .usage)
  }

  @Test func aSlipOfTheFingersIsUnderstood() {
    #expect(refusal([("tsak", "x")])?.error.hint?.contains("Did you mean 'task'?") == true)
    #expect(refusal([("layout", "alpacca")])?.error.hint?.contains("Did you mean 'alpaca'?") == true)
  }

  @Test func parametersThatExcludeEachOtherAreRefused() {
    #expect(refusal([("task", "a"), ("task_field", "b")])?.status == 400)
    #expect(refusal([("licence", "a"), ("licence_field", "b")])?.status == 400)
    #expect(refusal([("dedupe", "none"), ("update_labels", "true")])?.status == 400)
    #expect(refusal([("task", "a"), ("task", "a")])?.status == 400)
  }

  @Test func headersAreChecked() {
    for encoding in ["gzip", "x-gzip", "GZIP", "zstd", "identity", "", " gzip "] {
      #expect(refusal(encoding: encoding) == nil, "\(encoding)")
    }
    for encoding in ["br", "deflate", "gzip, gzip", "gzip, zstd"] {
      #expect(refusal(encoding: encoding)?.status == 415, "\(encoding)")
    }
    for type in ["application/json", "text/csv", "application/x-www-form-urlencoded", "", "nonsense"] {
      #expect(refusal(type: type) == nil, "\(type)")
    }
    #expect(refusal(type: "multipart/form-data; boundary=x")?.status == 415)
  }
}
