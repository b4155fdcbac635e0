internal import Foundation
internal import GRDB

extension DatabaseValue {
  /// A blob; empty ones stay blobs.
  static func bytes(_ bytes: [UInt8]) -> DatabaseValue { Data(bytes).databaseValue }
}
