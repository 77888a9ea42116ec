import MailMessage
import Testing

@testable import Fingerprint

/// What PostgreSQL says in its languages, one sentence a case, as a server prints it behind the severity.
@Suite struct PostgreSQLMessagesTests {
  typealias Kind = PostgreSQLCatalogue.Kind

  static let sentences: [(String, Kind)] = [
    ("sorry, too many clients already", .slots),
    ("remaining connection slots are reserved for roles with the SUPERUSER attribute", .slots),
    ("too many connections for role \"shop\"", .slots),
    ("désolé, trop de clients sont déjà connectés", .slots),
    // In French a second line follows.
    ("les emplacements de connexions restants sont réservés pour les connexions\nsuperutilisateur", .slots),
    ("tut mir leid, schon zu viele Verbindungen", .slots),
    ("zu viele Verbindungen für Datenbank »laden«", .slots),
    ("\"shop\" 롤의 최대 동시 접속수를 초과했습니다", .slots),
    ("оставшиеся слоты подключений зарезервированы для подключений ролей с атрибутом SUPERUSER", .slots),
    ("das Datenbanksystem fährt herunter", .down),
    ("データベースシステムは起動処理中です", .down),
    ("система баз данных запускается", .down),
    ("数据库系统正在启动", .down),
    ("terminating connection due to administrator command\n", .lost),
    ("server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally", .lost),
    ("terminando la conexión debido a una orden del administrador", .lost),
    ("サーバーとの接続が想定外にクローズされました", .lost),
    ("SSL SYSCALL error: EOF detected", .lost),
    ("не удалось получить данные с сервера: Connection timed out", .lost),
    ("password authentication failed for user \"shop\"", .access),
    ("fe_sendauth: no password supplied", .access),
    ("kein pg_hba.conf-Eintrag für Host »10.0.0.5«, Benutzer »shop«, Datenbank »laden«, SSL aus", .access),
    ("no existe el rol «tienda»", .access),
    ("le rôle « boutique » n'existe pas", .access),
    ("cannot execute INSERT in a read-only transaction", .readOnly),
    ("INSERT kann nicht in einer Read-Only-Transaktion ausgeführt werden", .readOnly),
    ("リードオンリーのトランザクションでは CREATE TABLE を実行できません", .readOnly),
    ("memoria agotada", .memory),
    ("породить новый процесс для соединения не удалось: Cannot allocate memory", .memory),
    ("could not extend file \"base/1/2\": wrote only 4096 of 8192 bytes at block 7", .diskFull),
    ("could not extend file \"base/1/2\": No space left on device", .write),
    ("konnte Datei »base/1/2« nicht erweitern: Auf dem Gerät ist kein Speicherplatz mehr verfügbar", .write),
    ("relation \"orders_order\" does not exist\nLINE 1: SELECT 1", .missingRelation),
    ("リレーション\"orders_order\"は存在しません", .missingRelation),
    ("column orders.price does not exist", .missingRelation),
    ("关系 \"orders_order\" 不存在", .missingRelation),
    ("canceling statement due to statement timeout", .lockOrTimeout),
    ("Verklemmung (Deadlock) entdeckt", .lockOrTimeout),
    ("не удалось получить блокировку строки в таблице \"orders\"", .lockOrTimeout),
    ("connection to server at \"db\" (10.0.0.5), port 5432 failed: FATAL:  sorry, too many clients", .connecting),
    ("Verbindung zum Server auf »db«, Port 5432 fehlgeschlagen: Verbindungsaufbau abgelehnt", .connecting),
    ("\"db\"(10.0.0.5)、ポート5432のサーバーへの接続に失敗しました: 接続を拒否されました", .connecting),
    ("could not translate host name \"db\" to address: Name or service not known", .hostName),
    ("n'a pas pu traduire le nom d'hôte « db » en adresse : Nom ou service inconnu", .hostName),
  ]

  @Test("a sentence of PostgreSQL's", arguments: sentences)
  func found(_ sentence: String, _ kind: Kind) {
    #expect(Self.kind(sentence) == kind)
    #expect(Self.kind(sentence + "\r\nDETAIL:  more") == kind)
  }

  static let strangers = [
    "", "\n", "\"", "%", "FATAL", "Not Found",
    // Not at the beginning, and not to the end.
    "your text was: sorry, too many clients already", "sorry, too many clients already, says Kim",
    "invalid input syntax for type integer: \"sorry, too many clients already\"",
    "invalid input syntax for type integer: \"\nsorry, too many clients already\"",
    "database \"shop\" does not exist, skipping",
    // A quote ends the value: another sentence, or what a visitor wrote into one.
    "关系 \"orders_order\" 的约束 \"price_check\" 不存在",
    "password authentication failed for user \"kim\" or \"sam\"",
    "integer 자료형 대한 잘못된 입력: \"1 블럭을 \"x\" 파일에 쓸 수 없음: y\"",
    "\"integer\"型の入力構文が不正です: \"\"、ポート1のサーバーへの接続に失敗しました: x\"",
  ]

  @Test("another text", arguments: strangers)
  func notFound(_ text: String) {
    #expect(Self.kind(text) == nil)
  }

  @Test("what was filled in, in its order")
  func values() {
    let text = Array("(la connexion au serveur sur « db » (10.0.0.5), port 5432 a échoué : FATAL:  x\n".utf8)
    let found = PostgreSQLMessages.find(text.span, 1..<text.count)
    #expect(found?.values.map { String(decoding: text[$0], as: UTF8.self) } == ["db", "10.0.0.5", "5432", "FATAL:  x"])
  }

  @Test("every sentence of the catalogue is found, under its own kind")
  func catalogue() {
    var count = 0
    for (kind, lines) in PostgreSQLCatalogue.sentences {
      for line in lines.withUTF8Buffer({ String(decoding: $0, as: UTF8.self) }).split(separator: "\n") {
        count += 1
        #expect(Self.kind(String(line).replacing("%", with: "value")) == kind, "\(line)")
      }
    }
    #expect(count > 1000)
  }

  @Test("the words in front", arguments: ["FATAL:  x", "ВАЖНО:  x", "ÖLÜMCÜL (FATAL):  x", "致命錯誤:  x", "FEHLER:  x"])
  func severities(_ text: String) {
    let octets = Array(text.utf8)
    #expect(PostgreSQLMessages.behindSeverity(octets.span, at: 0, before: octets.count) == octets.count - 1)
  }

  @Test("other words in front", arguments: ["Kim:  x", "FATAL: x", "", "FATAL", "  :  ", "DETAIL:  x"])
  func otherWords(_ text: String) {
    let octets = Array(text.utf8)
    #expect(PostgreSQLMessages.behindSeverity(octets.span, at: 0, before: octets.count) == nil)
  }

  @Test("no more than the first octets of a line are looked at")
  func bounded() {
    let long = String(repeating: "\"", count: 100_000)
    #expect(Self.kind(long) == nil)
    #expect(Self.kind("relation \"\(long)\" does not exist") == nil)
    let cut = String(repeating: "x", count: PostgreSQLMessages.longestLine - 26)
    #expect(Self.kind("relation \"\(cut)\" does not exist") == .missingRelation)
    // The sentence ends where the line is cut, and the line goes on.
    #expect(Self.kind("relation \"\(cut)\" does not exist for Kim") == nil)
    let text = Array("could not connect to server: \(long)".utf8)
    #expect(PostgreSQLMessages.find(text.span, 0..<text.count)?.values == [29..<PostgreSQLMessages.longestLine])
  }

  @Test("a range that is not in the text")
  func oddRanges() {
    let text = Array("deadlock detected".utf8)
    #expect(PostgreSQLMessages.kind(text.span, 0..<900) == .lockOrTimeout)
    #expect(PostgreSQLMessages.kind(text.span, 900..<950) == nil)
    #expect(PostgreSQLMessages.behindSeverity(text.span, at: 900, before: 950) == nil)
  }

  private static func kind(_ text: String) -> Kind? {
    let octets = Array(text.utf8)
    return PostgreSQLMessages.kind(octets.span, 0..<octets.count)
  }
}
