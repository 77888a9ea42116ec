/// The JSON Schema of a type that the control API takes or gives.
///
/// A key that ends in `?` may be absent. The type of a key is a word of JSON Schema, `time` (ISO 8601), the name of
/// another schema, or one of these with `[]` for a list.
struct Schema: Sendable {
  let name: String
  private let keys: [String: String]
  /// The types whose schemas are named in the keys.
  let parts: [any Described.Type]

  init(_ name: String, _ keys: [String: String], parts: [any Described.Type] = []) {
    (self.name, self.keys, self.parts) = (name, keys, parts)
  }

  /// The schema as JSON. It permits no further keys: a key that it does not name is a mistake in the description.
  var json: [String: Any] {
    [
      "type": "object", "additionalProperties": false,
      "properties": Dictionary(uniqueKeysWithValues: keys.map { ($0.key.filter { $0 != "?" }, Self.json($0.value)) }),
      "required": keys.keys.filter { !$0.hasSuffix("?") }.sorted(),
    ]
  }

  static func reference(_ name: String) -> [String: Any] { ["$ref": "#/components/schemas/\(name)"] }

  static func list(_ items: [String: Any]) -> [String: Any] { ["type": "array", "items": items] }

  private static func json(_ type: String) -> [String: Any] {
    if type.hasSuffix("[]") { return list(json(String(type.dropLast(2)))) }
    if type == "time" { return ["type": "string", "format": "date-time"] }
    return type.first?.isUppercase == true ? reference(type) : ["type": type]
  }
}

/// A type of the control API that describes its own JSON.
protocol Described: Codable, Sendable {
  static var schema: Schema { get }
  /// The JSON Schema used where the type is taken or given: a reference to `schema`, or a list of such references.
  static var reference: [String: Any] { get }
}

extension Described {
  static var reference: [String: Any] { Schema.reference(schema.name) }
}

extension Array: Described where Element: Described {
  static var schema: Schema { Element.schema }
  static var reference: [String: Any] { Schema.list(Element.reference) }
}
