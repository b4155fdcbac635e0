import CohortEmbedding
import Testing

@Suite struct EncoderIdentityTests {
  @Test func anotherModelIsAnotherIdentity() {
    let one = EncoderIdentity(provider: "builtin", model: "a", fingerprint: "1", dimension: 4)
    var other = one
    other.fingerprint = "2"
    #expect(one != other)
  }
}
