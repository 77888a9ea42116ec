extension ReportReader {
  /// Returns the traceback of a report as it stands in the mail, chain and all, for people to read. Of several it is
  /// the first. Nil if the mail reports none.
  package func traceback(_ message: [UInt8]) -> String? {
    let analysis = analyse(message, records: false)
    guard case .report = analysis.outcome, let traceback = analysis.findings.first?.traceback,
      let range = traceback.range
    else { return nil }
    // Starts at the beginning of the line that names the first frame.
    let start = analysis.text[..<range.lowerBound].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    return String(decoding: analysis.text[start..<range.upperBound].filter { $0 != HTMLText.mark }, as: UTF8.self)
  }
}

extension Traceback {
  /// The octets from the first frame or exception to the end of the last, or nil if there are none.
  fileprivate var range: Range<Int>? {
    let pieces = frames.flatMap { [$0.file, $0.function, $0.source] } + links.flatMap { [$0.type, $0.text] }
    let spoken = pieces.filter { !$0.isEmpty }
    guard let start = spoken.map(\.lowerBound).min(), let end = spoken.map(\.upperBound).max() else { return nil }
    return start..<end
  }
}
