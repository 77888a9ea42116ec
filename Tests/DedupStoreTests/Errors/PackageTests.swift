import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// What reports listed as their site's own packages.
@Suite struct PackageTests {
  private static func report(at time: Timestamp, _ packages: [String]) -> Submission {
    var occurrence = Shop.occurrence("a")
    occurrence.packages = LateNames { packages }
    return Shop.mail(.report(occurrence), at: time)
  }

  @Test(
    "what a report lists holds for its envelope once it is durable, also after a start, in the order in which it came")
  func durable() async throws {
    let folder = try TemporaryFolder()
    let other = Envelope(sender: EmailAddress("blog@shop.example"), recipients: Shop.envelope.recipients)
    let store = try Shop.store(folder)
    #expect(store.packages(of: Shop.envelope).isEmpty)
    try await store.accept(Self.report(at: nine, ["shop", "orders"]))
    #expect(store.packages(of: Shop.envelope) == ["shop", "orders"])
    #expect(store.packages(of: other).isEmpty)
    try await store.accept(Self.report(at: nine + .seconds(10), ["badges"]))
    #expect(store.packages(of: Shop.envelope) == ["shop", "orders"], "not looked at with each mail")
    try await store.accept(Self.report(at: nine + SitePackages.interval, ["badges", "shop"]))
    store.close()
    let next = try Shop.store(folder)
    #expect(next.packages(of: Shop.envelope) == ["shop", "orders", "badges"])
    // As if the database had taken the place of a damaged one.
    try next.writer.outsideTransaction { try $0.execute(sql: "DELETE FROM site_package") }
    try await next.accept(Self.report(at: nine + SitePackages.interval + SitePackages.interval, ["shop"]))
    next.close()
    let last = try Shop.store(folder)
    #expect(last.packages(of: Shop.envelope).sorted() == ["badges", "orders", "shop"])
    last.close()
  }
}
