import Foundation
import Testing

@testable import ControlAPI

@Suite struct SchemaTests {
  /// The described types, each once, those inside of others included.
  private static var types: [any Described.Type] {
    var open = Operations.all.flatMap { [$0.taken, $0.given].compactMap { $0 } } + [ControlProblem.self]
    var found: [String: any Described.Type] = [:]
    while let type = open.popLast() {
      let schema = type.schema
      open += schema.parts
      if found[schema.name] == nil, !"\(type)".hasPrefix("Array<") { found[schema.name] = type }
    }
    return found.values.sorted { $0.schema.name < $1.schema.name }
  }

  /// Returns `heldBack` as the JSON has it, `held_back`.
  private func snake(_ name: String) -> String {
    name.reduce(into: "") { $0 += $1.isUppercase ? "_\($1.lowercased())" : String($1) }
  }

  private func keys(_ value: some Encodable) throws -> Set<String> {
    let object = try JSONSerialization.jsonObject(with: ControlJSON.encode(value)) as? [String: Any]
    return Set((object ?? [:]).keys)
  }

  private func check<Value: Described>(_ type: Value.Type) throws {
    let properties = Set((Value.schema.json["properties"] as? [String: Any] ?? [:]).keys)
    let value = try Sample.filled(type)
    #expect(try keys(value) == properties, "the schema of \(Value.schema.name) has a key that its values lack")
    let stored = Set(Mirror(reflecting: value).children.compactMap { $0.label.map(snake) })
    #expect(stored.subtracting(properties).isEmpty, "the schema of \(Value.schema.name) lacks keys of its values")
  }

  @Test("the description of the API names all keys of each type and no others")
  func keysOfTypes() throws {
    let types = Self.types
    #expect(types.count > 30)
    for type in types { try check(type) }
  }
}
