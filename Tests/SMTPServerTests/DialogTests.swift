import Foundation
import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

/// The dialogue files run against the pure session and against a listener on a real socket, with the octets of the
/// client cut in every way. A case is a file, so that anyone can add one.
@Suite(.timeLimit(.minutes(5)))
struct DialogTests {
  @Test(
    "the same dialogue gives the same replies and the same mails however its octets are cut",
    arguments: Dialog.all, DialogRunner.Cut.allCases)
  func pureSession(_ dialog: Dialog, _ cut: DialogRunner.Cut) throws {
    let runner = DialogRunner(try DialogScript(dialog.text))
    guard runner.allows(cut) else { return }
    #expect(runner.runPure(cut) == [])
  }

  @Test(
    "over a socket, too, a dialogue gives its replies and its mails",
    arguments: Dialog.all)
  func listener(_ dialog: Dialog) async throws {
    let script = try DialogScript(dialog.text)
    let runner = DialogRunner(script)
    guard runner.allowsLive else { return }
    for cut in DialogRunner.Cut.allCases where runner.allows(cut) {
      let collector = Collector(answer: script.answer)
      var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
      settings.limits = script.limits
      settings.mendsMessages = script.policy.mends
      try await withListener(settings, collector) { port, group in
        let differences = try await runner.runLive(port: port, cut, on: group) {
          collector.transactions.map { DialogScript.Mail($0) }
        }
        #expect(differences == [], "\(dialog) cut into \(cut.rawValue)")
      }
    }
  }
}

struct Dialog: Sendable, CustomTestStringConvertible {
  let name: String
  let text: String

  var testDescription: String { name }

  static let all: [Dialog] = {
    let folder = Repository.path("Tests/SMTPServerTests/Dialogs")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".smtp") }.sorted().compactMap { name in
      let text = try? String(contentsOfFile: folder + "/" + name, encoding: .utf8)
      return text.map { Dialog(name: String(name.dropLast(5)), text: $0) }
    }
  }()
}
