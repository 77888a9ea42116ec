/// The checkout that the tests were built from, for files that tests share with scripts and benchmarks.
package enum Repository {
  /// The folder that holds Package.swift, without a slash at its end.
  package static let root: String = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
    .joined(separator: "/")

  /// The absolute path of a file or folder.
  ///
  /// - Parameter relative: The path from the folder that holds Package.swift.
  package static func path(_ relative: String) -> String { root + "/" + relative }
}
