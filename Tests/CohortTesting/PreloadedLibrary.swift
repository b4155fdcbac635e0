import Foundation

/// A library of C functions that stand before those of the C library: disks that fail, calls that hang.
package enum PreloadedLibrary {
  private static let compiler = ["clang", "cc", "gcc"].first { (try? run([$0, "--version"])) == 0 }

  package static let isPossible = compiler != nil

  /// What a test says that is skipped without.
  package static let reason = "there is no C compiler"

  /// Compiles a library. - Returns: the path to give to a process as `LD_PRELOAD`.
  package static func build(_ source: String, in folder: String) throws -> String {
    let (file, library) = (folder + "/preloaded.c", folder + "/preloaded.so")
    try Data(source.utf8).write(to: URL(fileURLWithPath: file))
    guard let compiler,
      try run([compiler, "-shared", "-fPIC", "-O1", "-o", library, file, "-ldl"]) == 0
    else { throw Unexpected("\(file) cannot be compiled") }
    return library
  }
}
