import MailMessage

/// Recognises what people write and programs do not: greetings, thanks, questions, quote marks.
///
/// The lists contain the openings and closings of letters in the languages of the mails we have seen. They can only
/// stop a mail from being a report, so a word too many costs a forwarded mail.
enum HumanWords {
  /// True if a text begins like a letter: `Hi Kim`, `Sehr geehrte …`, or a name and a comma alone on the first line.
  static func isGreeting(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    let line = text.trimmed(text.line(at: range.lowerBound, before: range.upperBound))
    if isGreetingWord(text, line) { return true }
    guard line.count < 40, line.count > 2, text[line.upperBound - 1] == UInt8(ascii: ",") else { return false }
    return line.dropLast().allSatisfy { text[$0].isNameByte || text[$0] == 0x20 }
  }

  /// True if a line closes a letter: `Thanks`, `Mit freundlichen Grüßen`, `Sent from my phone`.
  static func isClosing(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    closings.first(text, beginning: line) != nil
  }

  static func isQuestion(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    guard let last = line.last else { return false }
    return text[last] == UInt8(ascii: "?") || text.has("？", at: line.upperBound - 3, before: line.upperBound)
  }

  /// True if a line is marked as a quotation, as code in a message, as part of a patch, or as the beginning of a
  /// forwarded mail.
  static func isMarked(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    marks.first(text, beginning: line) != nil
  }

  private static func isGreetingWord(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    greetings.first(text, beginning: line) { word in
      let end = line.lowerBound + word.utf8CodeUnitCount
      // In scripts without blanks between the words, the end of a greeting cannot be seen.
      return end == line.upperBound || !text[end].isNameByte || word.utf8Start[0] >= 0xE0
    } != nil
  }

  private static let marks = WordList([
    ">", "```", "~~~", "diff --git ", "@@ -", "+++ ", "--- a/", "---- forwarded", "-----original",
    "---------- forwarded", "{code", "[code]", "<pre", "$ ",
  ])

  private static let greetings = WordList([
    "hi", "hello", "dear", "hey", "hallo", "moin", "guten", "bonjour", "salut", "hola", "ciao", "buongiorno", "good",
    "hej", "hei", "olá", "sehr", "liebe", "lieber", "liebes", "servus", "privet", "cześć", "ahoj", "fyi", "please",
    "thanks", "greetings", "bonsoir", "cher", "chère", "chers", "madame", "monsieur", "buenos", "buenas", "estimado",
    "estimada", "estimados", "salve", "gentile", "gentili", "egregio", "buonasera", "ola", "bom", "boa", "prezado",
    "prezada", "prezados", "caro", "cara", "beste", "geachte", "goedemorgen", "goedemiddag", "hoi", "kära", "tjena",
    "kære", "kjære", "terve", "moi", "hyvä", "tere", "witam", "dzień", "szanowni", "szanowna", "szanowny", "dobrý",
    "vážený", "vážená", "zdravím", "dobrý", "kedves", "tisztelt", "szia", "sziasztok", "merhaba", "sayın", "selam",
    "Привет", "Здравствуйте", "Добрый", "Уважаемые", "Уважаемый", "Уважаемая", "Доброго", "Вітаю", "Γεια", "Καλημέρα",
    "שלום", "مرحبا", "السلام", "こんにちは", "お世話", "您好", "你好", "大家好", "안녕",
  ])

  private static let closings = WordList([
    "thanks", "thank you", "thx", "regards", "best", "cheers", "kind", "yours", "sincerely", "mfg", "mit freundlich",
    "freundliche", "viele gr", "gru", "gruß", "lg", "danke", "besten dank", "merci", "cordialement", "bien à",
    "bonne journée", "gracias", "saludos", "un saludo", "atentamente", "grazie", "saluti", "cordiali", "distinti",
    "obrigad", "atenciosamente", "abraço", "cumprimentos", "groet", "met vriendelijke", "bedankt", "dank", "mvh",
    "tack",
    "hälsningar", "vänlig", "med vänlig", "takk", "hilsen", "med vennlig", "tak", "venlig", "mange tak", "kiitos",
    "kiitän", "terveisin", "yst", "t:", "tänan", "aitäh", "dziękuj", "pozdraw", "z poważaniem", "děkuj", "s pozdravem",
    "ďakujem", "köszön", "üdv", "teşekkür", "saygı", "sevgi", "sent from", "von meinem", "envoyé de", "enviado desde",
    "inviato da", "lähetetty", "skickat från", "Спасибо", "спасибо", "С уважением", "Дякую", "Ευχαριστώ",
    "よろしく", "ありがとう", "谢谢", "此致", "감사",
  ])
}
