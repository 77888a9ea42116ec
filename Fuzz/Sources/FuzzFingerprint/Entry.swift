import Fingerprint

/// Any bytes as a mail: a verdict without a trap, and the explanation comes to the same one.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzFingerprint(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let mail = Array(UnsafeBufferPointer(start: start, count: count))
  let reader = ReportReader()
  let explanation = reader.explain(mail)
  var fingerprint: String?
  if case .report(let report) = reader.judge(mail) { fingerprint = report.fingerprint.text }
  precondition(explanation.fingerprint == fingerprint, "the explanation comes to another fingerprint")
  precondition(!explanation.text.isEmpty)
  return 0
}

/// What the package manager links as the main function of an executable: libFuzzer's, which has it under this name too.
@_cdecl("FuzzFingerprint_main")
public func fuzzFingerprintMain(
  _ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
) -> CInt {
  var count = count
  var arguments = arguments
  return runDriver(&count, &arguments, { fuzzFingerprint($0, $1) })
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
  _ count: UnsafeMutablePointer<CInt>,
  _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>,
  _ entry: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt
