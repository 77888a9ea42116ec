package import DedupCore
package import Fingerprint
package import MailMessage

extension Configuration {
  /// The reader that judges mail by these settings.
  package var reader: ReportReader {
    ReportReader(rules: rules, notices: Set(reports.notices), senders: reports.senders)
  }
}

extension Configuration {
  /// The judge of mail by these settings.
  package var judge: MailJudge { MailJudge(reader: reader, sites: sites) }
}

/// The judge of a mail: what its text says, and which site it is of.
package struct MailJudge: Hashable, Sendable {
  package let reader: ReportReader
  package let sites: SiteNaming

  package init(reader: ReportReader = ReportReader(), sites: SiteNaming = SiteNaming()) {
    (self.reader, self.sites) = (reader, sites)
  }

  /// Returns this judge with another reader.
  package func with(_ reader: ReportReader) -> MailJudge { MailJudge(reader: reader, sites: sites) }

  /// Judges a mail.
  ///
  /// - Parameter packages: the packages that earlier mails of the envelope listed as the site's own.
  package func judge(
    _ message: [UInt8], from envelope: Envelope, packages: @escaping @Sendable () -> [String] = { [] }
  ) -> Judged {
    Judged(reader.judge(message, packages: packages), envelope: envelope, sites)
  }
}

extension Judged {
  /// Converts what the recogniser found into the terms of the store.
  fileprivate init(_ judgement: Judgement, envelope: Envelope, _ sites: SiteNaming) {
    switch judgement {
    case .pass(let reason): self = .pass(reason: reason.rawValue)
    case .doubt(let doubt):
      self = .doubt(DoubtfulReport(reason: doubt.reason.rawValue, type: doubt.type, place: doubt.place))
    case .report(let report):
      self = .report(
        Occurrence(
          site: Site(
            settingsModule: report.settingsModule, subjectPrefix: report.subjectPrefix, envelope: envelope,
            naming: sites),
          fingerprint: report.fingerprint.text, previous: LateNames { report.previous.map(\.text) },
          variant: report.variant, traits: LateVariantTraits { VariantTraits(report.traits) }, title: report.title,
          place: report.place, kind: report.kind, packages: LateNames { report.packages },
          rule: report.ruling.map(RuleEffect.init)))
    }
  }
}

extension VariantTraits {
  fileprivate init(_ traits: FingerprintedReport.VariantTraits) {
    self.init(text: traits.text, place: traits.innermost, caller: traits.caller)
  }
}

extension RuleEffect {
  /// Converts the ruling of a rule into the terms of the window policy and the store.
  package init(_ ruling: Ruling) {
    let treatment: Treatment =
      switch ruling.action {
      case .dedup: .dedup
      case .pass: .pass
      case .silence: .silence
      case .summaryOnly: .summaryOnly
      }
    self.init(name: ruling.rule, treatment: treatment, window: ruling.window)
  }
}
