import Fingerprint
import Glibc

/// Measures the reader and torments it.
///
///     FingerprintBench speed DIR [ROUNDS]           MB/s, mails/s and the slowest mail, by CPU time of one thread
///     FingerprintBench stages DIR [ROUNDS]          the same for each stage of reading
///     FingerprintBench mutate DIR COUNT [SEED]      judges COUNT mutated mails; a trap ends it with the seed printed
@main struct Main {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count > 2 else {
      print("usage: FingerprintBench speed DIR [ROUNDS] | stages DIR [ROUNDS] | mutate DIR COUNT [SEED]")
      exit(2)
    }
    let mails = Files.mails(below: arguments[2])
    guard !mails.isEmpty else {
      print("no .eml files in \(arguments[2])")
      exit(1)
    }
    switch arguments[1] {
    case "speed": Speed.run(mails, rounds: arguments.count > 3 ? Int(arguments[3]) ?? 10 : 10)
    case "stages": Stages.run(mails, rounds: arguments.count > 3 ? Int(arguments[3]) ?? 10 : 10)
    case "mutate":
      let count = arguments.count > 3 ? Int(arguments[3]) ?? 100_000 : 100_000
      Torment.run(mails, count: count, seed: arguments.count > 4 ? UInt64(arguments[4]) ?? 1 : 1)
    default: exit(2)
    }
  }
}

/// CPU seconds of this thread: other work on the machine does not count.
func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

enum Speed {
  static func run(_ mails: [[UInt8]], rounds: Int) {
    let reader = ReportReader()
    let bytes = mails.reduce(0) { $0 + $1.count }
    var best = Double.infinity
    var slowest = [Double](repeating: .infinity, count: mails.count)
    for _ in 0..<rounds {
      let start = cpuSeconds()
      for (index, mail) in mails.enumerated() {
        let before = cpuSeconds()
        _ = reader.judge(mail)
        slowest[index] = min(slowest[index], cpuSeconds() - before)
      }
      best = min(best, cpuSeconds() - start)
    }
    let worst = slowest.max() ?? 0
    print("\(mails.count) mails, \(bytes) bytes, best of \(rounds) rounds, one thread")
    print("\(Int(Double(bytes) / best / 1e6)) MB/s, \(Int(Double(mails.count) / best)) mails/s")
    print("slowest mail \(Int(worst * 1e6)) µs")
  }
}

enum Stages {
  /// What each stage costs is what reading that far costs more than reading one stage less.
  static func run(_ mails: [[UInt8]], rounds: Int) {
    let bytes = Double(mails.reduce(0) { $0 + $1.count })
    var before = 0.0
    print("\(mails.count) mails, \(Int(bytes)) bytes, best of \(rounds) rounds, one thread")
    for stage in ReadingStage.allCases {
      let upTo = seconds(mails, upTo: stage, rounds: rounds)
      let own = max(upTo - before, 1e-9)
      let perMail = Int(own / Double(mails.count) * 1e9)
      print(
        "\(stage.rawValue): \(Int(bytes / own / 1e6)) MB/s, \(Int(Double(mails.count) / own)) mails/s, \(perMail) ns a mail"
      )
      before = upTo
    }
    print("all: \(Int(bytes / before / 1e6)) MB/s, \(Int(Double(mails.count) / before)) mails/s")
  }

  private static func seconds(_ mails: [[UInt8]], upTo stage: ReadingStage, rounds: Int) -> Double {
    let reader = ReportReader()
    var best = Double.infinity
    var sum = 0
    for _ in 0..<rounds {
      let start = cpuSeconds()
      for mail in mails { sum &+= reader.read(mail, upTo: stage) }
      best = min(best, cpuSeconds() - start)
    }
    return sum == .min ? 0 : best
  }
}

enum Torment {
  static func run(_ mails: [[UInt8]], count: Int, seed: UInt64) {
    var random = SplitMix(state: seed)
    let reader = ReportReader()
    let sample = mails.filter { $0.count < 100_000 }
    let start = cpuSeconds()
    var reports = 0
    var worst = 0.0
    for number in 1...count {
      guard var mail = sample.randomElement(using: &random) else { return }
      for _ in 0..<Int.random(in: 1...8, using: &random) where !mail.isEmpty { change(&mail, sample, &random) }
      let before = cpuSeconds()
      if case .report = reader.judge(mail) { reports += 1 }
      worst = max(worst, cpuSeconds() - before)
      if number % 100_000 == 0 { print("\(number) mails, resident \(residentKiB()) KiB") }
    }
    let seconds = cpuSeconds() - start
    print("seed \(seed): \(count) mails in \(Int(seconds)) CPU s, \(reports) reports, slowest \(Int(worst * 1e6)) µs")
  }

  private static func change(_ mail: inout [UInt8], _ mails: [[UInt8]], _ random: inout SplitMix) {
    let at = Int.random(in: 0..<mail.count, using: &random)
    let length = min(mail.count - at, Int.random(in: 1...600, using: &random))
    switch Int.random(in: 0..<7, using: &random) {
    case 0: mail[at] = UInt8.random(in: 0...255, using: &random)
    case 1: mail.removeSubrange(at..<(at + length))
    case 2: mail.insert(contentsOf: Array(mail[at..<(at + length)]), at: at)
    case 3: if Bool.random(using: &random) { mail.removeSubrange(at...) }
    case 4: mail[at] = [0, 9, 10, 13, 32, 34, 39, 45, 61, 92, 124, 255].randomElement(using: &random) ?? 0
    case 5:
      // A piece of another mail: reports inside reports, parts inside parts.
      guard let other = mails.randomElement(using: &random), !other.isEmpty else { return }
      let from = Int.random(in: 0..<other.count, using: &random)
      mail.insert(contentsOf: other[from..<min(other.count, from + 2000)], at: at)
    default:
      for index in at..<(at + min(length, 16)) { mail[index] ^= UInt8(1 << Int.random(in: 0..<8, using: &random)) }
    }
  }

  private static func residentKiB() -> Int {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
  }
}

/// The same sequence everywhere, so that a find can be repeated.
struct SplitMix: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

enum Files {
  /// The `.eml` files of a folder and of the folders below it.
  static func mails(below path: String) -> [[UInt8]] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
        String(decoding: bytes.prefix(while: { $0 != 0 }), as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    var mails: [[UInt8]] = []
    for name in names.sorted() {
      if name.hasSuffix(".eml") {
        mails.append(bytes(path + "/" + name))
      } else {
        mails += Files.mails(below: path + "/" + name)
      }
    }
    return mails
  }

  private static func bytes(_ path: String) -> [UInt8] {
    guard let file = fopen(path, "rb") else { return [] }
    defer { fclose(file) }
    var output: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = fread(&buffer, 1, buffer.count, file)
      if count <= 0 { return output }
      output += buffer[..<count]
    }
  }
}
