import DedupCore

// The transports of tests are asked to deliver and nothing else.
extension Transport {
  func probe(_ question: ProbeQuestion) async -> [Probe] { [] }
}
