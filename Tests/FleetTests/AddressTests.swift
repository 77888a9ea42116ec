import DedupCore
import Testing

/// Addresses of engines as an admin writes them.
@Suite struct AddressTests {
  static let good: [(String, String)] = [
    ("redis://127.0.0.1:6379/0", "redis://127.0.0.1:6379/0"),
    ("rediss://engine.example.org", "rediss://engine.example.org:6379/0"),
    ("redis://[::1]:7000/15", "redis://[::1]:7000/15"), ("unix:///run/redis.sock", "unix:///run/redis.sock"),
    ("unix:///run/redis.sock?db=2", "unix:///run/redis.sock?db=2"),
    ("sentinel://a:1,b/shop/3", "sentinel://a:1,b:26379/shop/3"),
    ("sentinels://a,b,c/shop", "sentinels://a:26379,b:26379,c:26379/shop/0"),
  ]

  @Test(arguments: good) func itIsReadAndWritten(_ text: String, _ written: String) {
    let address = EngineAddress(text)
    #expect(address?.description == written)
    #expect(EngineAddress(written) == address)
  }

  static let bad = [
    "", "redis", "redis://", "redis://:6379", "redis://a:0", "redis://a:70000", "redis://a/x", "redis://a/-1",
    "redis://a:1:2", "http://a:6379", "redis://user:secret@a:6379", "unix://run/redis.sock", "unix:///r?db=x",
    "sentinel://a", "sentinel:///shop", "sentinel://a,/shop", "redis://a b:1", "redis://[::1", "redis://[::1]x",
    "redis://a/999999",
  ]

  @Test(arguments: bad) func whatIsNoneIsRefused(_ text: String) { #expect(EngineAddress(text) == nil) }
}
