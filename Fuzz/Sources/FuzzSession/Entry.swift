import MailMessage
import SMTPProtocol

/// Any bytes as what a client sends: the first one chooses the cuts, and the same happens wherever they are.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSession(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  guard let seed = input.first else { return 0 }
  let bytes = Array(input.dropFirst())
  let whole = Dialog.actions(bytes, cutBy: nil)
  precondition(whole == Dialog.actions(bytes, cutBy: seed), "where the input is cut makes a difference")
  return 0
}

/// A session with a driver that settles every transaction and waits for nothing.
private struct Dialog {
  private var session = ServerSession(hostname: "relay.test", address: "192.0.2.1", name: "fuzz", limits: .init())
  private var actions: [ServerSession.Action] = []

  static func actions(_ bytes: [UInt8], cutBy seed: UInt8?) -> [ServerSession.Action] {
    var dialog = Dialog()
    dialog.perform(dialog.session.open())
    var state = UInt32(seed ?? 0)
    var index = 0
    while index < bytes.count {
      // A linear congruential generator: mostly short pieces, so that cuts fall into CRLF.CRLF and into commands.
      state = state &* 1_664_525 &+ 1_013_904_223
      let length = seed == nil ? bytes.count : 1 + Int(state >> 28)
      let end = min(bytes.count, index + length)
      dialog.perform(dialog.session.receive(Array(bytes[index..<end])))
      index = end
    }
    dialog.perform(dialog.session.endOfInput())
    return dialog.actions
  }

  private mutating func perform(_ first: [ServerSession.Action]) {
    var pending = first[...]
    while let action = pending.popFirst() {
      actions.append(action)
      switch action {
      case .commit: pending += session.finish(.init(250, .init(2, 0, 0), "queued"))
      case .pause: pending += session.resume()
      default: break
      }
    }
  }
}

/// What the package manager links as the main function of an executable: libFuzzer's, which has it under this name too.
@_cdecl("FuzzSession_main")
public func fuzzSessionMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, { fuzzSession($0, $1) })
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ entry: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
