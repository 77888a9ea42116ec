// MailTestKit
