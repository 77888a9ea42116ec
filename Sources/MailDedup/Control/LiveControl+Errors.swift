import ControlAPI
import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import MailMessage
import RelayMail

// The admin's view of errors.
extension LiveControl {
  func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry] { try await stored.errors(query) }

  func error(id: String) async throws -> [ErrorDetail] { try await stored.error(id: id) }

  func export(after: Int, limit: Int) async throws -> ExportPage { try await stored.export(after: after, limit: limit) }

  func groupings() async throws -> [GroupingEntry] { try await stored.groupings() }

  func statistics(days: Int) async throws -> StatisticsReport { try await stored.statistics(days: days) }

  func passNext(_ selector: ErrorSelector) async throws -> [ErrorName] {
    let errors = try await selected(selector)
    try await store.passNext(errors.map(\.row), sharedAt: relay.fleet.isOn ? WallClock.now() : nil)
    return errors.map(ErrorName.init)
  }

  func sendCopies(_ request: CopyRequest) async throws -> [CopyReport] {
    guard request.last > 0 else { throw ControlProblem("\"last\" is a number of mails, from 1 on", .malformed) }
    let recipients = try request.to.map { try $0.map(Self.address) }
    var reports: [CopyReport] = []
    for error in try await selected(request.selector) {
      guard var kept = try await store.keptMails(of: error.row, limit: request.last) else { continue }
      if let recipients { kept.envelope = Envelope(sender: kept.envelope.sender, recipients: recipients) }
      reports.append(try await send(kept, of: error))
    }
    return reports
  }

  private func send(_ kept: KeptMails, of error: NamedError) async throws -> CopyReport {
    guard !kept.envelope.recipients.isEmpty else {
      throw ControlProblem(
        "nobody is known who gets error mail of \(DisplayText.oneLine(error.site)); say who with --to")
    }
    let now = WallClock.now()
    let copies = kept.mails.compactMap { mail in
      mail.sample.octets.map { octets in
        let id = QueueIDs.next(at: now)
        return OwnMail(
          id: id, envelope: kept.envelope,
          message: CopiedMail.render(octets, of: error, id: id, arrivedAt: mail.arrivedAt), kind: .copy)
      }
    }
    if !copies.isEmpty { try await store.enqueue(copies) }
    logger.event(.notice, .copiesQueued, [.fingerprint: "\(error.fingerprint)", .mails: "\(copies.count)"])
    return CopyReport(
      error: ErrorName(error), queued: copies.map(\.id.description),
      recipients: kept.envelope.recipients.map(\.text), damaged: kept.mails.count { $0.sample == .damaged })
  }

  static func address(_ text: String) throws -> EmailAddress {
    do throws(EmailAddress.SyntaxFault) { return try EmailAddress.parse(text) } catch {
      throw ControlProblem("\"\(DisplayText.oneLine(text))\" is not a mail address: \(error.rawValue)", .malformed)
    }
  }
}
