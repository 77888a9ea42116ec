import MailMessage

/// The names of fields in contact forms, trackers, forums and build servers.
enum FormLabels {
  static func contains(_ text: borrowing Span<UInt8>, _ label: Range<Int>) -> Bool {
    for name in names where text.equalsIgnoringCase(label, name) { return true }
    return false
  }

  private static let names: [StaticString] = [
    "ticket", "issue", "author", "posted by", "opened by", "created by", "updated by", "commented by", "assigned to",
    "assignee", "priority", "status", "group", "thread", "views", "build", "pipeline", "commit", "branch", "link",
    "name", "your name", "full name", "first name", "last name", "surname", "e-mail", "email", "your email",
    "email address", "e-mail address", "mail", "phone", "telephone", "tel", "mobile", "message", "your message",
    "subject",
    "comment", "comments", "feedback", "enquiry", "inquiry", "question", "company", "organisation", "organization",
    "city", "form", "topic", "description", "reporter", "reported by", "requester", "customer", "sender", "queue",
    "order", "order number", "order no", "note", "notes", "remark", "remarks", "delivery address", "shipping address",
    "vorname", "nachname", "telefon", "nachricht", "betreff", "anfrage", "firma", "absender", "kommentar", "formular",
    "nom", "prénom", "courriel", "téléphone", "sujet", "objet", "adresse e-mail", "commentaire", "société",
    "formulaire",
    "nombre", "apellido", "apellidos", "correo", "correo electrónico", "teléfono", "mensaje", "asunto", "empresa",
    "nome", "cognome", "telefono", "messaggio", "oggetto", "azienda", "mensagem", "assunto", "telefone", "sobrenome",
    "naam", "bericht", "onderwerp", "telefoon", "bedrijf", "namn", "meddelande", "ämne", "e-post", "e-postadress",
    "navn", "besked", "melding", "emne", "beskjed", "nimi", "sähköposti", "viesti", "aihe", "puhelin", "lomake",
    "palaute", "lähettäjä", "jono", "e-kiri", "sõnum", "imię", "imię i nazwisko", "nazwisko", "wiadomość", "temat",
    "jméno", "zpráva", "předmět", "meno", "správa", "predmet", "név", "üzenet", "tárgy", "isim", "ad", "ad soyad",
    "mesaj", "konu", "e-posta", "Имя", "Сообщение", "Тема", "Почта", "Телефон", "Ім'я", "Повідомлення", "Όνομα",
    "Μήνυμα", "vardas", "žinutė", "vārds", "ziņa", "ime", "poruka", "sporočilo", "zadeva", "nume", "prenume", "mesaj",
    "subiect",
    "missatge", "nama", "pesan", "tên", "tin nhắn", "име", "съобщение", "тема", "שם", "הודעה", "الاسم", "الرسالة",
    "お名前", "名前", "メール", "メールアドレス", "件名", "お問い合わせ内容", "姓名", "邮箱", "留言", "主题", "이름", "이메일", "문의",
  ]
}
