import Fingerprint
import Glibc

/// Any bytes as what a visitor of a site wrote: the mail keeps its fingerprint and its site, or is a doubt.
///
/// The first octet chooses the mail, the second the places that the text stands in. An input that breaks the promise is
/// written as a mail to `FUZZ_HOSTILE_MAIL`, where that is set.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzHostile(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let input = UnsafeBufferPointer(start: start, count: count)
  guard count > 2, !templates.isEmpty else { return 0 }
  let number = Int(input[0]) % templates.count
  let mail = templates[number].mail(Template.asMailed(input.dropFirst(2)), in: input[1])
  let outcome = Outcome(mail)
  guard outcome != .doubt, outcome != plain[number] else { return 0 }
  keep(mail)
  fatalError("a visitor decided: \(outcome) instead of \(plain[number])")
}

private let templates = Template.all(
  in: String(#filePath.dropLast("Sources/FuzzHostile/Entry.swift".count)) + "Templates")

/// What decides about a mail.
private enum Outcome: Equatable {
  case pass(String)
  case doubt
  case report(fingerprint: String, settings: String?, prefix: String?)

  init(_ mail: [UInt8]) {
    switch ReportReader().judge(mail) {
    case .pass(let reason): self = .pass(reason.rawValue)
    case .doubt: self = .doubt
    case .report(let report):
      self = .report(
        fingerprint: report.fingerprint.text, settings: report.settingsModule, prefix: report.subjectPrefix)
    }
  }
}

/// What the mails come to without hostility: a report each.
private let plain: [Outcome] = templates.map { template in
  let outcome = Outcome(template.mail([], in: 0))
  guard case .report = outcome else { fatalError("a template is no report: \(outcome)") }
  return outcome
}

private func keep(_ mail: [UInt8]) {
  guard let path = getenv("FUZZ_HOSTILE_MAIL"), let file = fopen(path, "wb") else { return }
  _ = fwrite(mail, 1, mail.count, file)
  fclose(file)
}

/// What the package manager links as the main function of an executable: libFuzzer's, which has it under this name too.
@_cdecl("FuzzHostile_main")
public func fuzzHostileMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, { fuzzHostile($0, $1) })
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ entry: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
