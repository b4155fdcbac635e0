internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes
internal import NIOHTTPTypesHTTP1

/// HTTP/1.1 on one connection: the parser, the guard, and Hummingbird's loop, which hands over one request after the other.
struct GuardedChannel: HTTPChannelHandler {
  typealias Value = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

  let connection: Connection
  let limits: Limits
  /// Hears of requests that the guard itself answered.
  let answered: @Sendable (Problem) -> Void
  let responder: HTTPChannelHandler.Responder

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      let pipeline = channel.pipeline.syncOperations
      let guarding = ConnectionGuard(connection, limits, answered: answered)
      var encoder = HTTPResponseEncoder.Configuration()
      // The guard says how long answers are: it knows what was asked, and in which version.
      encoder.automaticallySetFramingHeaders = false
      var decoder = NIOHTTPDecoderLimitConfiguration()
      decoder.maxHeaderFieldSize = limits.headerBytes
      decoder.maxHeaderListSize = limits.headerBytes
      decoder.maxHeaderFieldCount = limits.headerFields
      try pipeline.addHandler(ByteWatch(guarding))
      try pipeline.configureHTTPServerPipeline(
        withPipeliningAssistance: false, withErrorHandling: false, withOutboundHeaderValidation: true,
        withEncoderConfiguration: encoder, withDecoderLimitConfiguration: decoder)
      try pipeline.addHandler(guarding)
      try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
      return try NIOAsyncChannel(
        wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
    }
  }

  func handle(value: Value, logger: Logger) async { await handleHTTP(asyncChannel: value, logger: logger) }
}
