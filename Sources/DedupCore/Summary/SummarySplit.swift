package import MailMessage

/// A site, and whose error mail it is.
package struct SiteAudience: Hashable, Sendable {
  /// The row of the store.
  package var row: Int64
  /// `Site.name`.
  package var name: String
  package var sender: String
  package var recipients: [String]
  /// Error reports in the time that was asked for.
  package var mails: Int

  package init(row: Int64, name: String, sender: String, recipients: [String], mails: Int) {
    self.row = row
    self.name = name
    self.sender = sender
    self.recipients = recipients
    self.mails = mails
  }
}

/// Who gets which part of the summary.
package enum SummarySplit: String, Hashable, Sendable, CaseIterable {
  /// All get one summary of everything.
  case no
  /// One for each site.
  case site
  /// For each recipient one of the sites whose error mail it gets. Recipients of the same sites share one.
  case recipient

  /// One mail.
  package struct Part: Hashable, Sendable {
    /// The site it is about, by name; nil: all of `sites`.
    package var site: String?
    /// Rows; nil: all there are.
    package var sites: Set<Int64>?
    /// The usual sender of their error mail.
    package var sender: String?
    package var recipients: [EmailAddress]

    package init(
      site: String? = nil, sites: Set<Int64>? = nil, sender: String?, recipients: [EmailAddress]
    ) {
      self.site = site
      self.sites = sites
      self.sender = sender
      self.recipients = recipients
    }
  }

  /// The mails to send; none when nobody is known.
  ///
  /// - Parameters:
  ///   - audiences: the sites there are.
  ///   - to: who gets them instead of the recipients of the error mail; empty: nobody.
  package func parts(_ audiences: [SiteAudience], to: [EmailAddress]) -> [Part] {
    let parts: [Part] =
      switch self {
      case .no: [Part(audiences)]
      case .site: Self.bySite(audiences)
      case .recipient: to.isEmpty ? Self.byRecipient(audiences) : [Part(audiences)]
      }
    return parts.compactMap { part in
      var part = part
      if !to.isEmpty { part.recipients = to }
      return part.recipients.isEmpty ? nil : part
    }
  }

  /// Sites of one name that others get are others' sites.
  private static func bySite(_ audiences: [SiteAudience]) -> [Part] {
    let sites = Dictionary(grouping: audiences) { [$0.name] + Set($0.recipients.map { $0.lowercased() }).sorted() }
    return sites.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { key, sites in
      var part = Part(sites)
      (part.site, part.sites) = (key.first, Set(sites.map(\.row)))
      return part
    }
  }

  private static func byRecipient(_ audiences: [SiteAudience]) -> [Part] {
    var parts: [Part] = []
    for recipient in Part(audiences).recipients {
      let sites = audiences.filter { $0.recipients.contains { EmailAddress($0).isSame(as: recipient) } }
      let rows = Set(sites.map(\.row))
      let known = rows.count == audiences.count ? nil : rows
      if let index = parts.firstIndex(where: { $0.sites == known }) {
        parts[index].recipients.append(recipient)
      } else {
        var part = Part(sites)
        (part.sites, part.recipients) = (known, [recipient])
        parts.append(part)
      }
    }
    return parts
  }
}

extension SummarySplit.Part {
  /// Everything that `sites` have, for everybody who gets mail of them.
  fileprivate init(_ sites: [SiteAudience]) {
    let senders = Self.ranked(sites.map { ([$0.sender], $0.mails) })
    let recipients = Self.ranked(sites.map { ($0.recipients, $0.mails) })
    self.init(sender: senders.first, recipients: recipients.map { EmailAddress($0) })
  }

  /// Addresses by the mails they stand for, most first, then by name so that the order is always the same. Addresses
  /// that differ in capitals only are one.
  private static func ranked(_ uses: [([String], Int)]) -> [String] {
    var mails: [String: (name: String, count: Int)] = [:]
    for (addresses, count) in uses {
      for (key, name) in Dictionary(addresses.map { ($0.lowercased(), $0) }, uniquingKeysWith: { first, _ in first })
      where !key.isEmpty {
        let known = mails[key] ?? (name, 0)
        mails[key] = (min(known.name, name), known.count.saturatingAdding(count))
      }
    }
    return mails.values.sorted { ($0.count, $1.name) > ($1.count, $0.name) }.map(\.name)
  }
}

extension EmailAddress {
  fileprivate func isSame(as other: EmailAddress) -> Bool { text.lowercased() == other.text.lowercased() }
}
