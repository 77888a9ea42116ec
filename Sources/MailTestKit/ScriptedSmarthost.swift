package import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// An SMTP server on 127.0.0.1 that answers as scripted, for tests of everything that delivers mail.
///
/// Without a script it is a friendly server: it accepts every mail and keeps it in `mails`.
package final class ScriptedSmarthost: Sendable {
  package enum Step: String, Sendable, CaseIterable {
    case greeting
    case ehlo
    case helo
    /// The STARTTLS command, of which four letters are compared.
    case starttls = "star"
    case auth
    /// The response to a 334 challenge of AUTH; the line is in the request.
    case response
    case mail
    case rcpt
    case data
    /// The message, up to its final dot.
    case message
    case rset
    case quit
  }

  package enum Answer: Sendable {
    /// Sends lines with their codes, `250-first\r\n250 last`; CRLF is added.
    case say(String)
    /// Sends the same kind of lines and then closes the connection.
    case sayAndDrop(String)
    /// Sends the friendly server's reply one octet at a time, with this pause between octets.
    case drip(TimeAmount)
    /// Sends nothing, now and for all later requests.
    case silence
    /// Closes the connection.
    case drop
  }

  /// A request that the script may answer.
  package struct Request: Sendable {
    package var step: Step
    /// The command line, empty for greeting and message.
    package var line: String
    /// The number of the connection, counted from 1.
    package var connection: Int
  }

  /// A mail that was accepted.
  package struct Mail: Hashable, Sendable {
    /// The arguments of MAIL, e.g. `FROM:<a@b> SIZE=10`; `recipients` holds those of each accepted RCPT.
    package var mail: String
    package var recipients: [String]
    /// The message as it arrived, with dots unstuffed.
    package var message: [UInt8]
  }

  fileprivate struct State {
    var connections = 0
    var commands: [String] = []
    var mails: [Mail] = []
    var channels: [any Channel] = []
  }

  package let port: Int
  private let server: any Channel
  private let state: Shared

  fileprivate final class Shared: Sendable {
    let value = Mutex(State())
  }

  private init(_ server: any Channel, _ state: Shared) {
    self.server = server
    self.state = state
    port = server.localAddress?.port ?? 0
  }

  /// Starts a server on a free port.
  ///
  /// - Parameters:
  ///   - extensions: the keywords in the reply to EHLO.
  ///   - tls: the TLS context for handshakes; STARTTLS begins one when the reply is 220. Nil: no TLS.
  ///   - implicitly: true to begin each connection with the handshake.
  ///   - script: returns the answer to a request, or nil for that of the friendly server.
  package static func start(
    on group: any EventLoopGroup, extensions: [String] = ["PIPELINING", "8BITMIME", "SIZE 10000000", "SMTPUTF8"],
    tls: NIOSSLContext? = nil, implicitly: Bool = false,
    script: @escaping @Sendable (Request) -> Answer? = { _ in nil }
  ) async throws -> ScriptedSmarthost {
    let state = Shared()
    let server = try await ServerBootstrap(group: group)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = SmarthostDialog(state, extensions: extensions, tls: tls, script: script)
          if let tls, implicitly { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
          try channel.pipeline.syncOperations.addHandler(handler)
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return ScriptedSmarthost(server, state)
  }

  /// The mails accepted so far.
  package var mails: [Mail] { state.value.withLock { $0.mails } }
  /// All command lines so far, from all connections, with `<message>` for each message.
  package var commands: [String] { state.value.withLock { $0.commands } }
  /// The number of connections so far.
  package var connections: Int { state.value.withLock { $0.connections } }

  /// Closes the open connections, like a server that restarts; it goes on listening.
  package func dropConnections() async {
    let channels = state.value.withLock { state in
      defer { state.channels = [] }
      return state.channels
    }
    for channel in channels { try? await channel.close() }
  }

  package func stop() async {
    try? await server.close()
    await dropConnections()
  }
}

private final class SmarthostDialog: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let state: ScriptedSmarthost.Shared
  private let extensions: [String]
  private let script: @Sendable (ScriptedSmarthost.Request) -> ScriptedSmarthost.Answer?
  private var number = 0
  private var input: [UInt8] = []
  private var mail: ScriptedSmarthost.Mail?
  private var isInMessage = false
  private var isInAUTH = false
  private var isSilent = false
  private let tls: NIOSSLContext?

  init(
    _ state: ScriptedSmarthost.Shared, extensions: [String], tls: NIOSSLContext?,
    script: @escaping @Sendable (ScriptedSmarthost.Request) -> ScriptedSmarthost.Answer?
  ) {
    self.state = state
    self.extensions = extensions
    self.tls = tls
    self.script = script
  }

  func channelActive(context: ChannelHandlerContext) {
    let channel = context.channel
    number = state.value.withLock { state in
      state.connections += 1
      state.channels.append(channel)
      return state.connections
    }
    answer(.greeting, "", context)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    input += unwrapInboundIn(data).readableBytesView
    while context.channel.isActive, !isSilent, isInMessage ? takeMessage(context) : takeLine(context) {}
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func takeLine(_ context: ChannelHandlerContext) -> Bool {
    guard let end = input.firstIndex(of: 0x0A) else { return false }
    let line = String(decoding: input[..<end].filter { $0 != 0x0D }, as: UTF8.self)
    input.removeSubrange(...end)
    state.value.withLock { $0.commands.append(line) }
    let step =
      isInAUTH ? ScriptedSmarthost.Step.response : ScriptedSmarthost.Step(rawValue: String(line.prefix(4)).lowercased())
    isInAUTH = false
    guard let step else {
      say("500 5.5.1 what?", context)
      return true
    }
    answer(step, line, context)
    return true
  }

  private func takeMessage(_ context: ChannelHandlerContext) -> Bool {
    let end: [UInt8] = [0x0D, 0x0A, 0x2E, 0x0D, 0x0A]
    // The CRLF of the DATA command counts as the start of the end (RFC 5321 section 4.1.1.4).
    guard let at = ([0x0D, 0x0A] + input).firstRange(of: end) else { return false }
    mail?.message = Self.unstuffed(input[..<at.lowerBound])
    input.removeFirst(at.lowerBound + 3)
    isInMessage = false
    state.value.withLock { $0.commands.append("<message>") }
    answer(.message, "", context)
    return true
  }

  private static func unstuffed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    var isLineStart = true
    return bytes.filter { byte in
      defer { isLineStart = byte == 0x0A }
      return !(isLineStart && byte == UInt8(ascii: "."))
    }
  }

  private func answer(_ step: ScriptedSmarthost.Step, _ line: String, _ context: ChannelHandlerContext) {
    let answer =
      script(.init(step: step, line: line, connection: number))
      ?? (step == .quit ? .sayAndDrop("221 2.0.0 bye") : .say(friendly(step)))
    switch answer {
    case .silence: isSilent = true
    case .drip(let pause):
      let text = friendly(step)
      follow(step, line, text)
      drip(Array((text + "\r\n").utf8)[...], pause, context)
    case .drop: context.close(promise: nil)
    case .say(let text):
      follow(step, line, text)
      say(text, context)
      if step == .starttls, text.hasPrefix("2") { startTLS(context) }
    case .sayAndDrop(let text):
      follow(step, line, text)
      say(text, context)
      context.close(promise: nil)
    }
  }

  private func say(_ text: String, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: text + "\r\n")), promise: nil)
  }

  private func drip(_ octets: ArraySlice<UInt8>, _ pause: TimeAmount, _ context: ChannelHandlerContext) {
    guard let first = octets.first, context.channel.isActive else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [first])), promise: nil)
    context.eventLoop.assumeIsolated().scheduleTask(in: pause) { self.drip(octets.dropFirst(), pause, context) }
  }

  private func startTLS(_ context: ChannelHandlerContext) {
    guard let tls else { return }
    try? context.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls), position: .before(self))
  }

  /// Updates the dialogue's state by the reply to a request.
  private func follow(_ step: ScriptedSmarthost.Step, _ line: String, _ text: String) {
    let arguments = String(line.dropFirst(5))
    switch (step, text.first) {
    case (.mail, "2"): mail = .init(mail: arguments, recipients: [], message: [])
    case (.rcpt, "2"): mail?.recipients.append(arguments)
    case (.data, "3"): isInMessage = true
    case (.auth, "3"), (.response, "3"): isInAUTH = true
    case (.message, "2"):
      if let mail { state.value.withLock { $0.mails.append(mail) } }
      mail = nil
    default: break
    }
  }

  private func friendly(_ step: ScriptedSmarthost.Step) -> String {
    switch step {
    case .greeting: "220 smarthost.example ESMTP"
    case .ehlo:
      (["smarthost.example"] + extensions).enumerated().map { index, line in
        "250\(index == extensions.count ? " " : "-")\(line)"
      }.joined(separator: "\r\n")
    case .helo: "250 smarthost.example"
    case .starttls: "220 2.0.0 go on"
    case .auth, .response: "235 2.7.0 welcome"
    case .mail: "250 2.1.0 ok"
    case .rcpt: "250 2.1.5 ok"
    case .data: mail?.recipients.isEmpty == false ? "354 go on" : "554 5.5.1 no valid recipients"
    case .message: "250 2.0.0 queued"
    case .rset: "250 2.0.0 ok"
    case .quit: "221 2.0.0 bye"
    }
  }
}
