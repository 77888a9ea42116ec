import MailMessage
import MailTestKit
import Testing

/// Patterns of the rules: what they stand for, and that none of them is slow.
@Suite struct GlobTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var shows: String
    var pattern: String
    var text: String
    var matches: Bool
    var ignoresCase = false

    init(_ shows: String, _ pattern: String, _ text: String, _ matches: Bool, ignoresCase: Bool = false) {
      (self.shows, self.pattern, self.text, self.matches, self.ignoresCase) = (
        shows, pattern, text, matches, ignoresCase
      )
    }

    var testDescription: String { shows }
  }

  @Test(
    "a pattern matches the whole text, with * ? and sets",
    arguments: [
      Case("plain text is itself", "KeyError", "KeyError", true),
      Case("a pattern is for the whole text, not for its beginning", "Key", "KeyError", false),
      Case("nor for its end", "Error", "KeyError", false),
      Case("a star takes any text", "*Error", "KeyError", true),
      Case("a star takes no text", "*KeyError*", "KeyError", true),
      Case("stars on both sides find a word", "*slots*", "remaining connection slots are reserved", true),
      Case("a star goes over lines", "a*z", "a\nb\nz", true),
      Case("a star goes over slashes", "/api/*", "/api/v1/cart/", true),
      Case("a star alone takes everything", "*", "x", true),
      Case("a star alone takes nothing, too", "*", "", true),
      Case("two stars are one", "a**b", "a--b", true),
      Case("what stands between stars has to come in order", "*b*a*", "ab", false),
      Case("the end behind a star is found though it comes before, too", "*ab", "abab", true),
      Case("a question mark is one character", "a?c", "abc", true),
      Case("a question mark is not none", "a?c", "ac", false),
      Case("a question mark is a character of several bytes", "t?st", "tést", true),
      Case("a set takes one of its characters", "[abc]x", "bx", true),
      Case("a set does not take two", "[abc]x", "abx", false),
      Case("a range takes what lies in it", "v[0-9]", "v7", true),
      Case("a range does not take what lies outside", "v[0-9]", "vx", false),
      Case("a set can hold several ranges", "[a-z0-9]?", "7x", true),
      Case("an exclamation mark turns a set around", "[!0-9]x", "ax", true),
      Case("so does a caret", "[^0-9]x", "7x", false),
      Case("a set of umlauts takes one", "[äöü]b", "öb", true),
      Case("a hyphen at the end of a set is itself", "[a-]", "-", true),
      Case("a bracket first in a set is itself", "[]x]", "]", true),
      Case("a star in a set is itself", "a[*]b", "a*b", true),
      Case("and takes nothing else", "a[*]b", "axb", false),
      Case("an opening bracket in a set is itself", "[[]x", "[x", true),
      Case("capitals count", "keyerror", "KeyError", false),
      Case("capitals do not count where that is asked", "*.Example.org", "WWW.example.ORG", true, ignoresCase: true),
      Case("nor in sets", "[A-C]x", "bX", true, ignoresCase: true),
      Case("a closing bracket outside of a set is itself", "a]", "a]", true),
      Case("a backslash is itself: Windows paths need no escaping", "C:\\shop\\*", "C:\\shop\\views.py", true),
    ])
  func matches(_ test: Case) throws {
    let glob = try Glob(test.pattern, ignoresCase: test.ignoresCase)
    #expect(glob.matches(Array(test.text.utf8)) == test.matches)
  }

  @Test("bytes that are no text are one character each and equal no letter")
  func brokenText() throws {
    #expect(try Glob("a?b").matches([0x61, 0xFF, 0x62]))
    #expect(try Glob("a??b").matches([0x61, 0xE2, 0x82, 0x62]))
    #expect(try Glob("a*").matches([0x61, 0xF0]))
    #expect(try !Glob("a\u{FFFD}b").matches([0x61, 0xFF, 0x62]))
    #expect(try !Glob("[!x]").matches([0xC0, 0x80]))
  }

  @Test("patterns that take other matchers minutes take no time")
  func pathological() throws {
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 2000)
    for pattern in [
      String(repeating: "a*", count: 99) + "b", String(repeating: "*a", count: 99) + "b",
      "*" + String(repeating: "a", count: 150) + "b", String(repeating: "?*", count: 99) + "b",
      String(repeating: "*[a-z]", count: 33) + "!",
    ] {
      let glob = try Glob(pattern)
      for _ in 0..<5 { #expect(!glob.matches(text)) }
    }
  }

  @Test(
    "what is no pattern is refused",
    arguments: [
      ("", Glob.Fault.empty), ("a[bc", .openSet), ("[", .openSet), ("[!", .openSet), ("a[]", .emptySet),
      ("[!]", .emptySet), ("[z-a]", .backwardRange), (String(repeating: "x", count: 201), .tooLong),
    ])
  func faults(_ pattern: String, _ fault: Glob.Fault) {
    #expect(throws: fault) { try Glob(pattern) }
  }

  @Test("any pattern of any characters either is refused or matches without a trap")
  func anything() {
    var random = SplitMix(seed: 42)
    func next(_ bound: Int) -> Int { random.next(below: bound) }
    let alphabet = Array("ab*?[]!-^ä".unicodeScalars)
    for _ in 0..<5000 {
      var pattern = String.UnicodeScalarView()
      for _ in 0..<next(12) { pattern.append(alphabet[next(alphabet.count)]) }
      let text = (0..<next(12)).map { _ in UInt8(truncatingIfNeeded: [0x61, 0x62, 0xC3, 0xA4, 0xFF, 0x5B][next(6)]) }
      _ = (try? Glob(String(pattern)))?.matches(text)
    }
  }
}
