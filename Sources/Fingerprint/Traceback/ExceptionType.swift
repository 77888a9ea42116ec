import MailMessage

/// Tests of an exception's type, by its last name: Django prints `DoesNotExist`, Python
/// `shop.models.Trip.DoesNotExist`.
enum ExceptionType {
  static func lastName(_ text: borrowing Span<UInt8>, _ type: Range<Int>) -> Range<Int> {
    guard let dot = text.lastIndex(of: UInt8(ascii: "."), in: type) else { return type }
    return (dot + 1)..<type.upperBound
  }

  /// True if this can be the name of a type. The last line of a traceback may be anything that was printed.
  static func isName(_ text: borrowing Span<UInt8>, _ type: Range<Int>) -> Bool {
    guard !type.isEmpty, type.count < 200, !text[type.lowerBound].isDigit else { return false }
    for index in type
    where !text[index].isNameByte && text[index] != UInt8(ascii: ".") && text[index] != UInt8(ascii: "<")
      && text[index] != UInt8(ascii: ">")
    {
      return false
    }
    return true
  }

  private static func isOne(_ text: borrowing Span<UInt8>, _ name: Range<Int>, of names: [StaticString]) -> Bool {
    for candidate in names where text.equals(name, candidate) { return true }
    return false
  }

  private static let database: [StaticString] = [
    "OperationalError", "InterfaceError", "DatabaseError", "InternalError", "ProgrammingError", "NotSupportedError",
    "TooManyConnections", "UndefinedTable", "UndefinedColumn", "DiskFull", "ReadOnlySqlTransaction", "AdminShutdown",
    "CrashShutdown", "CannotConnectNow", "ConnectionFailure", "ConnectionTimeout", "ConnectionDoesNotExist",
    "PoolTimeout", "OutOfMemory", "TimeoutError", "CannotConnectNowError", "TooManyConnectionsError",
  ]

  /// True for the errors of DB-API 2 (PEP 249) and those that drivers derive from them, except IntegrityError and
  /// DataError, which are the fault of one place.
  static func isDatabase(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(text, name, of: database)
  }

  /// True for a database error whose text belongs to the key: one line of code fails for different reasons.
  static func needsDatabaseText(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(
      text, name,
      of: [
        "OperationalError", "InterfaceError", "DatabaseError", "InternalError", "ProgrammingError", "IntegrityError",
        "DataError", "NotSupportedError",
      ])
  }

  /// True for `OSError`, its older names and its children.
  static func isSystem(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(text, name, of: ["OSError", "IOError", "EnvironmentError", "error", "BlockingIOError", "WindowsError"])
  }

  private static let network: [StaticString] = [
    "ConnectionError", "ConnectionRefusedError", "ConnectionResetError", "ConnectionAbortedError", "TimeoutError",
    "Timeout", "timeout", "ConnectTimeout", "ReadTimeout", "ConnectTimeoutError", "ReadTimeoutError",
    "NewConnectionError", "MaxRetryError", "ProtocolError", "SSLError", "SSLCertVerificationError", "SSLEOFError",
    "CertificateError", "URLError", "ConnectError", "RemoteProtocolError", "ReadError", "WriteError", "ProxyError",
    "ClientConnectorError", "ClientConnectorCertificateError", "ClientConnectorDNSError", "ClientOSError",
    "ServerDisconnectedError", "ServerTimeoutError", "ConnectionTimeoutError", "EndpointConnectionError",
    "ConnectionClosedError", "ServerSelectionTimeoutError", "AutoReconnect", "NetworkTimeout", "gaierror", "herror",
    "SMTPServerDisconnected", "SMTPConnectError", "BusyLoadingError", "ResponseError", "ConnectionInterrupted",
    "TransportError", "NameResolutionError", "RemoteDisconnected", "ServerNotFoundError", "SERVER_DOWN",
    "AMQPConnectionError", "OperationalError", "BrokenPipeError", "ConnectionTimeout", "LDAPSocketOpenError",
    "ServiceUnavailable", "HTTPConnectionError", "APIConnectionError", "MaxConnectionsError", "OutOfMemoryError",
    "ReadOnlyError", "MasterDownError", "ClusterDownError", "AuthenticationError",
    "AuthenticationWrongNumberOfArgsError",
    "NoPermissionError", "ServerDown", "ServerDead", "ServerDisabled", "SomeErrors", "HostLookupError",
    "MemcacheUnexpectedCloseError", "MemcacheServerError", "MemcachedError", "ConnectionForced",
    "SMTPAuthenticationError",
  ]

  static func isNetwork(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isSystem(text, name) || isOne(text, name, of: network)
  }

  /// The types that name a family by themselves when they are raised by the code that defines them.
  private static let telling: [StaticString] = [
    "DisallowedHost", "UnreadablePostError", "TemplateDoesNotExist", "ModuleNotFoundError", "ImportError",
    "MemoryError", "WorkerLostError",
  ]

  /// True if an exception of this type may belong to a family, whatever its text and place.
  static func mayBeFamily(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(text, name, of: telling) || isDatabase(text, name) || isNetwork(text, name)
  }

  static func isSyntax(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(text, name, of: ["SyntaxError", "IndentationError", "TabError"])
  }

  static func isGroup(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(text, name, of: ["ExceptionGroup", "BaseExceptionGroup"])
  }

  /// True for the types whose text names what a template asked for.
  static func isTemplate(_ text: borrowing Span<UInt8>, _ name: Range<Int>) -> Bool {
    isOne(text, name, of: ["TemplateSyntaxError", "NoReverseMatch", "TemplateAssertionError", "VariableDoesNotExist"])
  }
}
