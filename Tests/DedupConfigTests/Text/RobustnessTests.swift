import DedupConfig
import MailTestKit
import Testing

/// No bytes make the parser trap, hang or lie about positions; what it writes it reads.
@Suite struct RobustnessTests {
  @Test("mutated configurations never trap, and each problem lies inside the file", arguments: 1...8)
  func mutations(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    let originals = [
      Array(ConfigurationReference.render().utf8), Array(ConfigurationReference.values(of: Configuration()).utf8),
    ]
    for _ in 0..<150 {
      guard var bytes = originals.randomElement(using: &random) else { continue }
      for _ in 0..<Int.random(in: 1...12, using: &random) { mutate(&bytes, &random) }
      check(bytes)
    }
  }

  @Test("random bytes never trap", arguments: 1...4)
  func noise(_ seed: UInt64) {
    var random = SplitMix(seed: seed)
    for _ in 0..<300 {
      check((0..<Int.random(in: 0...300, using: &random)).map { _ in .random(in: 0...255, using: &random) })
    }
  }

  @Test("every value of every key survives being cut off anywhere")
  func truncation() {
    let bytes = Array(ConfigurationReference.values(of: Configuration()).utf8)
    for count in 0...bytes.count { check(Array(bytes[..<count])) }
  }

  private func check(_ bytes: [UInt8]) {
    let parsed = ConfigurationParser.parse(bytes, file: "f")
    let lines = bytes.count { $0 == 0x0A } + 1
    let odd = (parsed.errors + parsed.warnings).filter {
      !(1...lines).contains($0.line) || $0.column < 1 || $0.message.isEmpty || $0.message.contains("\n")
    }
    #expect(odd == [])
    #expect(parsed.errors == parsed.errors.sorted())
    guard parsed.configuration != Configuration() else { return }
    let again = parse(ConfigurationReference.values(of: parsed.configuration))
    #expect(again.configuration == parsed.configuration)
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout SplitMix) {
    let pieces = [
      "[", "]", "=", "\n", "\r", "\"", "#", ",", ":", "0", "99999999999999999999", "\u{0}", "ü", "\t", "[::]:25",
    ]
    let at = Int.random(in: 0...bytes.count, using: &random)
    switch Int.random(in: 0...4, using: &random) {
    case 0: bytes.insert(.random(in: 0...255, using: &random), at: at)
    case 1: bytes.insert(contentsOf: (pieces.randomElement(using: &random) ?? "").utf8, at: at)
    case 2: bytes.removeSubrange(at..<min(bytes.count, at + Int.random(in: 0...40, using: &random)))
    case 3:
      bytes.insert(
        contentsOf: bytes[at..<min(bytes.count, at + 60)], at: Int.random(in: 0...bytes.count, using: &random))
    default: if at < bytes.count { bytes[at] = .random(in: 0...255, using: &random) }
    }
  }
}
