import DedupConfig
import DedupCore
import Foundation
import Glibc
import HostSystem
import Logging
import MailMessage

/// The log of the process. Its level and format may change while loggers are in use.
final class LogOutput: Sendable {
  private struct Settings {
    let level: Logger.Level
    let format: Configuration.Log.Format

    init(_ log: Configuration.Log) {
      level = Logger.Level(rawValue: log.level.rawValue) ?? .info
      format = log.format
    }
  }

  private let settings: Current<Settings>
  private let isJournal = JournalStream.isStandardError

  init(_ settings: Configuration.Log) { self.settings = Current(Settings(settings)) }

  var logger: Logger { Logger(label: "maildedup") { _ in Handler(output: self) } }

  func adopt(_ settings: Configuration.Log) { self.settings.adopt(Settings(settings)) }

  private var level: Logger.Level { settings.value.level }

  private var handler: any LogHandler {
    let settings = settings.value
    return switch settings.format {
    case .text: LineLogHandler(level: settings.level, isJournal: isJournal)
    case .json: JSONLogHandler(level: settings.level, isJournal: isJournal)
    }
  }

  private struct Handler: LogHandler {
    let output: LogOutput
    var metadata: Logger.Metadata = [:]
    /// The level of a logger that was made quieter than the rest, or nil.
    private var ownLevel: Logger.Level?

    init(output: LogOutput) { self.output = output }

    var logLevel: Logger.Level {
      get { ownLevel ?? output.level }
      set { ownLevel = newValue }
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
      get { metadata[key] }
      set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
      var handler = output.handler
      handler.metadata = metadata
      handler.log(event: event)
    }
  }
}

/// A handler that writes one line per event to standard error: time, level, verb, then `key=value` in a fixed order.
/// Control characters are escaped, so that a client's text cannot forge a line.
struct LineLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  /// True if the log goes to the journal, which adds its own time and takes a level in front of the line
  /// (sd-daemon(3)).
  let isJournal: Bool

  init(level: Logger.Level, isJournal: Bool) {
    logLevel = level
    self.isJournal = isJournal
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let fields = metadata.isEmpty ? event.metadata ?? [:] : metadata.merging(event.metadata ?? [:]) { $1 }
    let start = isJournal ? event.level.priority : "\(LogLine.time()) "
    LogLine.write(Self.line("\(start)\(event.level.rawValue)", "\(event.message)", fields))
  }

  /// Returns the line as octets: strings that grow piece by piece take twice as long, and the thread that commits does
  /// this for each mail.
  static func line(_ start: String, _ verb: String, _ fields: Logger.Metadata) -> [UInt8] {
    var line: [UInt8] = []
    line.reserveCapacity(512)
    line.append(contentsOf: start.utf8)
    line.append(0x20)
    append(verb, quoting: false, to: &line)
    for (_, index) in inOrder(fields) {
      line.append(0x20)
      line.append(contentsOf: fields.keys[index].utf8)
      line.append(UInt8(ascii: "="))
      append(fields.values[index].description, quoting: true, to: &line)
    }
    line.append(0x0A)
    return line
  }

  /// Returns the fields in order, as dictionary indices: each look-up by key would hash it.
  private static func inOrder(_ fields: Logger.Metadata) -> [(rank: Int, index: Logger.Metadata.Index)] {
    var places: [(rank: Int, index: Logger.Metadata.Index)] = []
    places.reserveCapacity(fields.count)
    for index in fields.indices { places.append((rank(of: fields.keys[index]), index)) }
    places.sort { one, other in
      one.rank == other.rank ? fields.keys[one.index] < fields.keys[other.index] : one.rank < other.rank
    }
    return places
  }

  /// Returns the rank of a key: those that identify the mail come first; the rest follows by name.
  private static func rank(of key: String) -> Int {
    switch key {
    case "id": 0
    case "session": 1
    case "client": 2
    case "from": 3
    case "to": 4
    case "size": 5
    case "reason": 6
    default: 7
    }
  }

  private static func append(_ text: String, quoting: Bool, to line: inout [UInt8]) {
    // Nearly all text needs no escape, and looking each character up takes longer than counting the mail does.
    let start = line.count
    line.append(contentsOf: text.utf8)
    var isPlain = start < line.count
    var hasBlank = false
    for index in start..<line.count {
      isPlain = isPlain && Self.isPlain(line[index], quoting: quoting)
      hasBlank = hasBlank || line[index] == 0x20
    }
    guard isPlain else {
      line.removeSubrange(start...)
      return line.append(contentsOf: escaped(text, quoting: quoting).utf8)
    }
    guard quoting, hasBlank else { return }
    line.insert(UInt8(ascii: "\""), at: start)
    line.append(UInt8(ascii: "\""))
  }

  private static func escaped(_ text: String, quoting: Bool) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\n": result += "\\n"
      case "\r": result += "\\r"
      case "\t": result += "\\t"
      case "\\" where quoting: result += "\\\\"
      case "\"" where quoting: result += "\\\""
      case _ where scalar.isUnseen: result += "\\u{\(String(scalar.value, radix: 16))}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return quoting && (result.isEmpty || result.utf8.contains(0x20)) ? "\"\(result)\"" : result
  }

  private static func isPlain(_ octet: UInt8, quoting: Bool) -> Bool {
    switch octet {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): !quoting
    case 0x20...0x7E: true
    default: false
    }
  }
}

/// A handler that writes one JSON object per event to standard error, on one line.
struct JSONLogHandler: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  /// True if the log goes to the journal; see `LineLogHandler`.
  let isJournal: Bool

  init(level: Logger.Level, isJournal: Bool) {
    logLevel = level
    self.isJournal = isJournal
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
    fields["time"] = LogLine.time()
    fields["level"] = event.level.rawValue
    fields["event"] = "\(event.message)"
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let line = try? encoder.encode(fields) else { return }
    let text = (isJournal ? event.level.priority : "") + Self.escaped(String(decoding: line, as: UTF8.self))
    LogLine.write(Array("\(text)\n".utf8))
  }

  /// Escapes the characters that the encoder leaves because JSON allows them, but that terminals may obey.
  static func escaped(_ json: String) -> String {
    json.unicodeScalars.reduce(into: "") { result, scalar in
      guard scalar.isUnseen else { return result.unicodeScalars.append(scalar) }
      for unit in UTF16.encode(scalar) ?? .init() {
        result += "\\u" + String(Int(unit) + 0x10000, radix: 16).dropFirst()
      }
    }
  }
}

extension Logger.Level {
  /// The level as syslog numbers it, e.g. `<6>`.
  fileprivate var priority: String {
    switch self {
    case .trace, .debug: "<7>"
    case .info: "<6>"
    case .notice: "<5>"
    case .warning: "<4>"
    case .error: "<3>"
    case .critical: "<2>"
    }
  }
}

extension Unicode.Scalar {
  /// True for control characters, invisible formatting, and the two line separators that some viewers obey.
  fileprivate var isUnseen: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}

private enum LogLine {
  /// Returns the current time, e.g. `2026-11-22T14:03:05.123Z`.
  static func time() -> String {
    let now = WallClock.now()
    return CivilTime(secondsSinceEpoch: now.seconds).timestamp(milliseconds: Int(now.milliseconds - now.seconds * 1000))
  }

  /// Writes a line. A line that cannot be written is dropped: a full disk or a closed pipe must not stop the mail.
  static func write(_ line: [UInt8]) {
    _ = line.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
  }
}
