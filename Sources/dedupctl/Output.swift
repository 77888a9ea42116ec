import ControlAPI
import Foundation

/// What the commands write, and for whom.
enum Output {
  static func line(_ text: String) {
    FileHandle.standardOutput.write(Data((text + "\n").utf8))
  }

  static func error(_ text: String) {
    FileHandle.standardError.write(Data((text + "\n").utf8))
  }

  /// One JSON object a line.
  static func json(_ value: some Encodable) throws {
    FileHandle.standardOutput.write(try ControlJSON.encode(value) + Data("\n".utf8))
  }

  /// Columns of the terminal; nil when standard output is none, so that nothing is cut in a pipe.
  static var terminalWidth: Int? {
    guard isatty(STDOUT_FILENO) == 1 else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// `14:03` for today, else `22 Nov 14:03`; with the year when it is another one.
  static func time(_ date: Date, now: Date = .now) -> String {
    let calendar = Calendar(identifier: .gregorian)
    let format =
      calendar.isDate(date, inSameDayAs: now)
      ? "%H:%M" : calendar.isDate(date, equalTo: now, toGranularity: .year) ? "%e %b %H:%M" : "%Y-%m-%d %H:%M"
    return local(date, format)
  }

  /// Local time by a `strftime` format.
  static func local(_ date: Date, _ format: String) -> String {
    var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "?" }
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// `512 B`, `14 KiB`, `3.2 MiB`.
  static func size(_ octets: Int) -> String {
    if octets < 1024 { return "\(octets) B" }
    let kibibytes = Double(octets) / 1024
    if kibibytes < 1024 { return "\(Int(kibibytes.rounded())) KiB" }
    return String(format: "%.1f MiB", kibibytes / 1024)
  }
}

/// Text from a mail goes to a terminal: without control characters it cannot move the cursor or retitle the window.
func printable(_ text: String, keepingLines: Bool = false) -> String {
  String(
    String.UnicodeScalarView(
      text.unicodeScalars.map { scalar in
        if keepingLines && (scalar == "\n" || scalar == "\t") { return scalar }
        let category = scalar.properties.generalCategory
        return category == .control || category == .format ? "\u{FFFD}" : scalar
      }))
}
