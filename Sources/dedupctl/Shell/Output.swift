import ControlAPI
import DedupCore
import Foundation
import HostSystem
import Synchronization

/// The output of the commands, for people and for programs.
enum Output {
  /// Prints a line for people: nothing in it except our own styles can command the terminal.
  static func line(_ text: String) { write(plain(text) + "\n") }

  /// Prints data for programs: unchanged in a pipe or a file, and as `line` shows it on a terminal.
  static func data(_ text: String) { write((isTerminal ? plain(text) : text) + "\n") }

  /// Prints a sentence, broken at spaces if the terminal is narrower.
  static func paragraph(_ text: String) {
    (terminalWidth.map { DisplayText.wrap(text, columns: $0) } ?? [text]).forEach(line)
  }

  /// Marks the command's action as done. From here on, only its report can fail, and the action should not be repeated.
  static func markDone() { isDone.store(true, ordering: .relaxed) }

  private static let isDone = Atomic(false)

  /// Says that the daemon is down: once as long as it is, and again on a screen that was cleared.
  static func daemonIsDown(_ text: String) {
    if !isDownSaid.exchange(true, ordering: .relaxed) || isTerminal { error(text) }
  }

  static func daemonAnswers() { isDownSaid.store(false, ordering: .relaxed) }

  private static let isDownSaid = Atomic(false)

  static func error(_ text: String) { prompt(text + "\n") }

  /// Prints a question, without a line end.
  static func prompt(_ text: String) {
    // A caller that closed standard error does not want these messages.
    try? StandardStream.error.write(printable(text, keepingLines: true))
  }

  /// Prints one JSON object per line. On a terminal, anything that could command it is escaped, which is the same JSON.
  static func json(_ value: some Encodable) throws {
    let text = String(decoding: try ControlJSON.encode(value), as: UTF8.self)
    write((isTerminal ? PrintableText.json(text) : text) + "\n")
  }

  private static func plain(_ text: String) -> String { PrintableText.keepingStyles(text) }

  /// Writes to standard output. If that fails, no command has anything left to do: after its pipe was closed, the
  /// process ends silently, as SIGPIPE ends any other; otherwise with one line.
  static func write(_ text: String) {
    do throws(StandardStream.Failure) {
      try StandardStream.output.write(isTerminal && !isUTF8 ? ascii(text) : text)
    } catch .readerIsGone {
      signal(SIGPIPE, SIG_DFL)
      raise(SIGPIPE)
    } catch .other(let reason) where isDone.load(ordering: .relaxed) {
      self.error("dedupctl: done, but the output could not be written: \(reason)")
      exit(ExitStatus.failure.rawValue)
    } catch {
      self.error("dedupctl: \(error)")
      exit(ExitStatus.failure.rawValue)
    }
  }

  /// True if the locale says that more than ASCII can be shown (POSIX: LC_ALL, LC_CTYPE, LANG; the first that is set).
  static let isUTF8: Bool = {
    let environment = ProcessInfo.processInfo.environment
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    return locale.uppercased().hasSuffix("UTF-8") || locale.uppercased().hasSuffix("UTF8")
  }()

  /// Returns the text with characters that a terminal without UTF-8 can show, and with the same number of cells.
  private static func ascii(_ text: String) -> String {
    String(
      text.flatMap { character -> String in
        switch character {
        case _ where character.isASCII: String(character)
        case "…": "~"
        case "·", "–": "-"
        case "▁", "▂": "_"
        case "▃", "▄", "▅": "="
        case "▆", "▇", "█": "#"
        default: String(repeating: "?", count: DisplayText.columns(of: String(character)))
        }
      })
  }

  static var isTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// Moves the cursor home and clears the screen (ECMA-48: CUP, ED).
  static func clearScreen() {
    write("\u{1B}[H\u{1B}[2J")
  }

  /// Returns `text` in that style if the terminal supports it, unless the user wants none (no-color.org).
  static func styled(_ text: String, _ style: Style) -> String {
    showsStyles && style != .plain ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
  }

  private static let showsStyles =
    isTerminal && (getenv("NO_COLOR").map { $0.pointee == 0 } ?? true)
    && getenv("TERM").map { String(cString: $0) != "dumb" } ?? true

  /// The columns of the terminal; nil if standard output is not one, so that nothing is cut in a pipe.
  static var terminalWidth: Int? {
    guard isTerminal else { return nil }
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// The lines of the terminal; 24 if it does not say.
  static var terminalHeight: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0 else { return 24 }
    return Int(size.ws_row)
  }

  /// Returns `14:03` for today, otherwise `22 Nov 14:03`, or `2025-11-22 14:03` for another year.
  static func time(_ date: Date, now: Date = .now) -> String {
    let calendar = Calendar(identifier: .gregorian)
    let format =
      calendar.isDate(date, inSameDayAs: now)
      ? "%H:%M" : calendar.isDate(date, equalTo: now, toGranularity: .year) ? "%e %b %H:%M" : "%Y-%m-%d %H:%M"
    return local(date, format)
  }

  /// Returns the local time in a `strftime` format.
  static func local(_ date: Date, _ format: String) -> String {
    var seconds = time_t(date.timeIntervalSince1970.rounded(.down))
    var parts = tm()
    guard localtime_r(&seconds, &parts) != nil else { return "?" }
    var buffer = [CChar](repeating: 0, count: 64)
    let count = strftime(&buffer, buffer.count, format, &parts)
    return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// Returns a size for people: `512 B`, `14 KiB`, `3.2 MiB`, `1.5 GiB`.
  static func size(_ octets: Int) -> String {
    if octets < 1024 { return "\(octets) B" }
    let kibibytes = Double(octets) / 1024
    if kibibytes < 1024 { return "\(Int(kibibytes.rounded())) KiB" }
    if kibibytes < 1024 * 1024 { return String(format: "%.1f MiB", kibibytes / 1024) }
    return String(format: "%.1f GiB", kibibytes / 1024 / 1024)
  }
}

/// The style of text on a terminal; the raw values are those of ECMA-48, SGR.
enum Style: String, CaseIterable {
  case plain = ""
  case bold = "1"
  case dim = "2"
  case red = "31"
  case green = "32"
  case yellow = "33"
  case reversed = "7"
}
