import MailMessage

/// The header fields of systems that send tracebacks which no site's error handler wrote: code hosts, build servers,
/// ticket systems, error trackers, mailing lists.
///
/// A site's own error mail has none of them, and a visitor of the site cannot add one.
enum OtherSystems {
  /// The reason to pass that the name of a field gives on its own, or nil if it gives none.
  static func reason(_ bytes: borrowing Span<UInt8>, _ name: Range<Int>) -> PassReason? {
    guard name.lowerBound < name.upperBound else { return nil }
    let table: [(StaticString, PassReason)]
    switch bytes[name.lowerBound].asciiLowercased {
    case UInt8(ascii: "x"):
      guard name.count > 2 else { return nil }
      table = extensionsByLetter[Int(bytes[name.lowerBound + 2].asciiLowercased)]
    case UInt8(ascii: "r"), UInt8(ascii: "m"): table = others
    default: return nil
    }
    for (prefix, reason) in table where bytes.hasIgnoringCase(prefix, at: name.lowerBound, before: name.upperBound) {
      return reason
    }
    return nil
  }

  private static let others: [(StaticString, PassReason)] = [
    ("rt-ticket", .ticket), ("rt-originator", .ticket), ("rt-send-", .ticket), ("mailing-list", .listMail),
    ("resent-from", .forwardedMail), ("resent-to", .forwardedMail),
  ]

  /// The extensions, indexed by the octet after `x-`: a header may have very many fields.
  private static let extensionsByLetter: [[(StaticString, PassReason)]] = extensions.reduce(
    into: Array(repeating: [], count: 256)
  ) { $0[Int($1.0.utf8Start[2])].append($1) }

  private static let extensions: [(StaticString, PassReason)] = [
    ("x-gitlab-", .ciNotification), ("x-github-", .ciNotification), ("x-gitea-", .ciNotification),
    ("x-forgejo-", .ciNotification), ("x-gogs-", .ciNotification), ("x-bitbucket-", .ciNotification),
    ("x-gerrit-", .ciNotification), ("x-git-", .ciNotification), ("x-hg-", .ciNotification),
    ("x-svn-", .ciNotification), ("x-jenkins-", .ciNotification), ("x-hudson-", .ciNotification),
    ("x-buildbot", .ciNotification), ("x-buildkite", .ciNotification), ("x-teamcity", .ciNotification),
    ("x-bamboo", .ciNotification), ("x-travis", .ciNotification), ("x-circleci", .ciNotification),
    ("x-circle-", .ciNotification), ("x-drone-", .ciNotification), ("x-appveyor", .ciNotification),
    ("x-gocd", .ciNotification), ("x-zuul", .ciNotification), ("x-woodpecker", .ciNotification),
    ("x-azure-devops", .ciNotification), ("x-tfs-", .ciNotification), ("x-vss-", .ciNotification),
    ("x-phabricator-", .ciNotification), ("x-differential-", .ciNotification), ("x-launchpad-", .ciNotification),
    ("x-sourcehut", .ciNotification), ("x-sonar", .ciNotification), ("x-rt-", .ticket), ("x-otrs", .ticket),
    ("x-otobo", .ticket), ("x-znuny", .ticket), ("x-zammad", .ticket), ("x-redmine", .ticket),
    ("x-easyredmine", .ticket), ("x-openproject", .ticket), ("x-jira", .ticket), ("x-atlassian", .ticket),
    ("x-trac-", .ticket), ("x-bugzilla", .ticket), ("x-mantis", .ticket), ("x-youtrack", .ticket),
    ("x-roundup", .ticket), ("x-debian-pr", .ticket), ("x-gnu-pr", .ticket), ("x-glpi", .ticket),
    ("x-osticket", .ticket), ("x-zendesk", .ticket), ("x-freshdesk", .ticket), ("x-fdid", .ticket),
    ("x-helpscout", .ticket), ("x-help-scout", .ticket), ("x-kayako", .ticket), ("x-intercom", .ticket),
    ("x-servicenow", .ticket), ("x-freescout", .ticket), ("x-ticket", .ticket), ("x-helpdesk", .ticket),
    ("x-issue-", .ticket), ("x-case-", .ticket), ("x-pagerduty", .ticket), ("x-opsgenie", .ticket),
    ("x-sentry-", .ticket), ("x-glitchtip", .ticket), ("x-rollbar", .ticket), ("x-beenthere", .listMail),
    ("x-mailman", .listMail), ("x-mailing-list", .listMail), ("x-google-group", .listMail), ("x-sympa", .listMail),
    ("x-campaign", .listMail), ("x-csa-complaints", .listMail), ("x-originating-ip", .mailProgram),
    ("x-mozilla-", .mailProgram), ("x-enigmail", .mailProgram), ("x-apple-", .mailProgram),
    ("x-universally-unique-identifier", .mailProgram),
  ]
}
