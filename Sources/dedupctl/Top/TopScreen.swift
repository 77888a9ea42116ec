import ControlAPI
import DedupCore
import Foundation
import HostSystem

/// The screen of `dedupctl top` on a terminal: its head stays, one row is chosen, and keys act on that row.
struct TopScreen {
  private static let help = "q quit   arrows choose   enter show   s silence for an hour   r resolve"

  let every: Duration
  let service: () async throws -> any ControlService
  let daemon: () async throws -> any ControlService
  private var rate = ArrivalRate()
  private var view: TopView?
  /// The identity of the chosen row, so that it stays chosen when the order changes.
  private var chosen: String?
  private var message: String?

  init(
    every: Duration, service: @escaping () async throws -> any ControlService,
    daemon: @escaping () async throws -> any ControlService
  ) {
    (self.every, self.service, self.daemon) = (every, service, daemon)
  }

  /// Runs until `q`, the end of the terminal, or a failure of the first look. `RawTerminal` has to be entered.
  mutating func run() async throws {
    while true {
      do { view = try await TopView.look(service(), &rate) } catch  where view != nil { message = "\(error)" }
      let due = ContinuousClock.now + every
      while ContinuousClock.now < due {
        draw()
        let left = ContinuousClock.now.duration(to: due)
        guard let keys = RawTerminal.keys(within: Int(left / .milliseconds(1)) + 1) else { return }
        for key in keys {
          guard try await handle(key) else { return }
        }
      }
    }
  }

  /// Acts on a key. Returns false for the key that ends the screen.
  private mutating func handle(_ key: Key) async throws -> Bool {
    message = nil
    switch key {
    case .character("q"): return false
    case .up, .character("k"): move(by: -1)
    case .down, .character("j"): move(by: 1)
    case .enter: message = await answer(of: show)
    case .character("s"): message = await answer(of: silence)
    case .character("r"): message = await answer(of: resolve)
    default: break
    }
    return true
  }

  // MARK: - The choice

  private var chosenIndex: Int {
    let lines = view?.errors ?? []
    return lines.firstIndex { $0.row == chosen } ?? 0
  }

  private mutating func move(by step: Int) {
    guard let lines = view?.errors, !lines.isEmpty else { return }
    chosen = lines[min(lines.count - 1, max(0, chosenIndex + step))].row
  }

  // MARK: - What the keys do

  /// Runs an action on the chosen error, and returns its answer or why it failed, for the last line.
  private func answer(of act: (TopView.Line) async throws -> String?) async -> String? {
    guard let lines = view?.errors, !lines.isEmpty else { return nil }
    do { return try await act(lines[chosenIndex]) } catch { return "\(error)" }
  }

  private func silence(_ line: TopView.Line) async throws -> String? {
    guard confirms("Silence \(line.id) \(line.error) for an hour?") else { return nil }
    var request = SilenceRequest(author: UserName.current(), reason: "")
    (request.selector, request.seconds) = (ErrorSelector(id: line.id, site: line.site), 3600)
    let made = try await daemon().silence(request)
    return made.first.map { "Silence \($0.id) for an hour; end it with: dedupctl silence expire \($0.id)" }
  }

  private func resolve(_ line: TopView.Line) async throws -> String? {
    guard confirms("Resolve \(line.id) \(line.error)? Its next mail goes out at once.") else { return nil }
    let resolved = try await daemon().resolve(ErrorSelector(id: line.id, site: line.site))
    return resolved.first.map { "Resolved: \($0.line)" }
  }

  private func show(_ line: TopView.Line) async throws -> String? {
    let details = try await service().error(id: line.id).filter { $0.entry.site == line.site }
    let lines = details.flatMap { ErrorReport(detail: $0).lines(width: Output.terminalWidth) }
    var first = 0
    while true {
      let room = Output.terminalHeight - 1
      first = min(first, max(0, lines.count - room))
      Self.draw(lines.dropFirst(first).prefix(room), last: "q back   arrows scroll")
      guard let keys = RawTerminal.keys(within: 60_000) else { return nil }
      if keys.contains(where: { [.character("q"), .enter, .escape].contains($0) }) { return nil }
      first = max(0, keys.reduce(first) { $0 + ($1 == .down ? 1 : $1 == .up ? -1 : 0) })
    }
  }

  /// Asks a question. Returns true if the answer is `y`.
  private func confirms(_ question: String) -> Bool {
    Self.draw([], last: question + " y/n", keepsScreen: true)
    while true {
      guard let keys = RawTerminal.keys(within: 60_000) else { return false }
      if let key = keys.first { return key == .character("y") }
    }
  }

  // MARK: - Drawing

  private func draw() {
    guard let view else { return }
    let width = Output.terminalWidth ?? 80
    let table = view.table(chosen: chosenIndex).layout(width: width)
    let head = DisplayText.wrap(view.head(), columns: width) + [table.head]
    Self.draw(
      Self.lines(head, table.rows, chosen: chosenIndex, height: Output.terminalHeight - 1), last: message ?? Self.help)
  }

  /// Returns the lines that fit. On a screen too low for the head and the chosen row, the row comes first, and then the
  /// titles.
  static func lines(_ head: [String], _ rows: [[String]], chosen: Int, height: Int) -> [String] {
    let needed = rows.indices.contains(chosen) ? rows[chosen].count : 0
    let kept = head.suffix(max(0, height - needed))
    let visible = visible(rows, chosen: chosen, room: height - kept.count)
    return Array((kept + (visible.isEmpty && needed > 0 ? rows[chosen] : visible)).prefix(max(0, height)))
  }

  /// Returns as many whole rows as there is room for, with the chosen one among them.
  static func visible(_ rows: [[String]], chosen: Int, room: Int) -> [String] {
    var first = 0
    while first < chosen, rows[first...chosen].reduce(0, { $0 + $1.count }) > room { first += 1 }
    var lines: [String] = []
    for row in rows.dropFirst(first) where lines.count + row.count <= room { lines += row }
    return lines
  }

  /// Draws everything at once, over the previous screen, so that nothing flickers or scrolls.
  private static func draw(_ lines: some Sequence<String>, last: String, keepsScreen: Bool = false) {
    let (height, width) = (Output.terminalHeight, Output.terminalWidth ?? 80)
    let body = keepsScreen ? "" : "\u{1B}[H" + lines.map { $0 + "\u{1B}[K\n" }.joined() + "\u{1B}[J"
    let bottom =
      "\u{1B}[\(height);1H" + Output.styled(DisplayText.cut(printable(last), columns: width), .bold) + "\u{1B}[K"
    Output.write(body + bottom)
  }
}
