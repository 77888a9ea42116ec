package import MailMessage

/// A site with the envelope addresses of its error mail.
package struct SiteAudience: Hashable, Sendable {
  /// The row of the site in the store.
  package var row: Int64
  /// The name of the site, as `Site.name`.
  package var name: String
  package var sender: String
  package var recipients: [String]
  /// The number of error reports in the requested time.
  package var mails: Int

  package init(row: Int64, name: String, sender: String, recipients: [String], mails: Int) {
    self.row = row
    self.name = name
    self.sender = sender
    self.recipients = recipients
    self.mails = mails
  }
}

/// The way a summary is split among recipients.
package enum SummarySplit: String, Hashable, Sendable, CaseIterable {
  /// All recipients get one summary of everything.
  case no
  /// There is one summary for each site.
  case site
  /// Each recipient gets one summary of the sites whose error mail it gets. Recipients of the same sites share one.
  case recipient

  /// One mail of a split summary.
  package struct Part: Hashable, Sendable {
    /// The name of the site that the mail is about, or nil for all of `sites`.
    package var site: String?
    /// The rows of the sites that the mail is about, or nil for all sites.
    package var sites: Set<Int64>?
    /// The usual sender of the error mail of these sites.
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

  /// Returns the mails to send, or none if no recipient is known.
  ///
  /// - Parameters:
  ///   - audiences: the known sites.
  ///   - to: the recipients that replace those of the error mail. If empty, none are replaced.
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

  /// Returns one part for each site. Sites of one name with different recipients are different sites.
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
  /// Creates a part with all `sites` for all recipients of their error mail.
  fileprivate init(_ sites: [SiteAudience]) {
    let senders = Self.ranked(sites.map { ([$0.sender], $0.mails) })
    let recipients = Self.ranked(sites.map { ($0.recipients, $0.mails) })
    self.init(sender: senders.first, recipients: recipients.map { EmailAddress($0) })
  }

  /// Returns addresses by the number of their mails, the most first, then by name so that the order is always the same.
  /// Addresses that differ only in case are one.
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
