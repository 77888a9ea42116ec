import MailMessage
import SMTPProtocol

/// Any bytes as what a client sends: the first one chooses the cuts, and the same happens wherever they are. Its
/// highest bit says whether the client has to log in.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzSession(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  guard let seed = input.first else { return 0 }
  let bytes = Array(input.dropFirst())
  let login = seed >= 0x80
  let whole = Dialog.actions(bytes, cutBy: nil, login: login)
  precondition(whole == Dialog.actions(bytes, cutBy: seed, login: login), "where the input is cut makes a difference")
  precondition(Dialog.keepsOrder(whole, login: login), "a transaction was handed over that nobody could have sent")
  return 0
}

/// A session with a driver that settles every transaction and waits for nothing.
private struct Dialog {
  private var session: ServerSession
  private var actions: [ServerSession.Action] = []

  private init(login: Bool) {
    var policy = SessionPolicy()
    policy.maySend = !login
    policy.authentication = login ? .always : .off
    session = ServerSession(
      hostname: "relay.test", address: "192.0.2.1", name: "fuzz", limits: .init(), policy: policy)
  }

  static func actions(_ bytes: [UInt8], cutBy seed: UInt8?, login: Bool) -> [ServerSession.Action] {
    var dialog = Dialog(login: login)
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

  /// No mail from a stranger who did not log in, none without recipients, no octet that could smuggle another.
  static func keepsOrder(_ actions: [ServerSession.Action], login: Bool) -> Bool {
    actions.allSatisfy { action in
      guard case .commit(let transaction) = action else { return true }
      let message = transaction.message.head
      if login && transaction.client.user == nil { return false }
      return !transaction.envelope.recipients.isEmpty && !message.contains(0) && hasNothingBare(message)
    }
  }

  private static func hasNothingBare(_ message: [UInt8]) -> Bool {
    message.indices.allSatisfy { index in
      switch message[index] {
      case 0x0D: index + 1 < message.count && message[index + 1] == 0x0A
      case 0x0A: index > 0 && message[index - 1] == 0x0D
      default: true
      }
    }
  }

  private mutating func perform(_ first: [ServerSession.Action]) {
    var pending = first[...]
    while let action = pending.popFirst() {
      actions.append(action)
      switch action {
      case .commit: pending += session.finish(.init(250, .init(2, 0, 0), "queued"))
      case .pause: pending += session.resume()
      case .authenticate(let attempt):
        pending += session.verified(attempt.password.first == UInt8(ascii: "s") ? .accepted : .rejected)
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
