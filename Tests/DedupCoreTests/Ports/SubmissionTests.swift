import MailMessage
import Synchronization
import Testing

@testable import DedupCore

@Suite struct SubmissionTests {
  @Test("a mail is judged when somebody asks for it first, once, also for those who copied it before")
  func judgedOnce() {
    let count = Atomic(0)
    let submission = Submission(
      id: QueueID(at: Timestamp(seconds: 1), salt: 1), receivedAt: Timestamp(seconds: 1),
      envelope: Envelope(sender: EmailAddress("django@shop.example"), recipients: []), received: [],
      message: Message([]),
      judged: .pass(reason: "judgement \(count.add(1, ordering: .relaxed).newValue)"))
    let copy = submission
    #expect(count.load(ordering: .relaxed) == 0)
    for judged in [submission.judged, copy.judged, submission.judged] {
      guard case .pass(reason: "judgement 1") = judged else { Issue.record("judged \(judged)"); continue }
    }
  }
}
