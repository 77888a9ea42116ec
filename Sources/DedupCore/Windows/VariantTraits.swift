/// What a person reads of one variant of an error; each is empty where it is not known.
package struct VariantTraits: Hashable, Sendable, Codable {
  /// The first line of what the exception says, or the line that was logged, as it was printed.
  package var text: String
  /// The frame that raised, whoever's code it is, e.g. `shop/pricing.py in bulk_price`.
  package var place: String
  /// The frame of the application that called its innermost one.
  package var caller: String

  package init(text: String = "", place: String = "", caller: String = "") {
    self.text = text
    self.place = place
    self.caller = caller
  }
}

/// Traits of a variant that are worked out when somebody asks: of all mails of a batch only the last one of each
/// variant is asked.
package struct LateVariantTraits: Hashable, Sendable {
  private let make: @Sendable () -> VariantTraits

  /// - Parameter make: called for each look at `value`.
  package init(_ make: @escaping @Sendable () -> VariantTraits) { self.make = make }

  package var value: VariantTraits { make() }

  package static func == (left: LateVariantTraits, right: LateVariantTraits) -> Bool { left.value == right.value }

  package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// How many different texts and places stand among the variants of an error that are kept.
package struct VariantSpread: Hashable, Sendable, Codable {
  package var texts: Int
  package var places: Int

  package init(texts: Int = 0, places: Int = 0) {
    self.texts = texts
    self.places = places
  }

  /// `3 texts, 2 places`, without what there is one of; nil: one of each.
  package var words: String? {
    let words = [(texts, "text"), (places, "place")].filter { $0.0 > 1 }.map { DisplayText.count($0, $1) }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
