/// The readable properties of one variant of an error. Each is empty if it is not known.
package struct VariantTraits: Hashable, Sendable, Codable {
  /// The first line of the exception's message, or of the logged message, as it was printed.
  package var text: String
  /// The frame that raised, whether it is the site's own code or not, e.g. `shop/pricing.py in bulk_price`.
  package var place: String
  /// The frame of the application that called its innermost one.
  package var caller: String

  package init(text: String = "", place: String = "", caller: String = "") {
    self.text = text
    self.place = place
    self.caller = caller
  }
}

/// The traits of a variant, computed on demand: of all mails of a batch, only the last one of each variant is asked.
package struct LateVariantTraits: Hashable, Sendable {
  private let make: @Sendable () -> VariantTraits

  /// Creates the traits from a closure.
  ///
  /// - Parameter make: called on each access to `value`.
  package init(_ make: @escaping @Sendable () -> VariantTraits) { self.make = make }

  package var value: VariantTraits { make() }

  package static func == (left: LateVariantTraits, right: LateVariantTraits) -> Bool { left.value == right.value }

  package func hash(into hasher: inout Hasher) { hasher.combine(value) }
}

/// The number of different texts and places among the kept variants of an error.
package struct VariantSpread: Hashable, Sendable, Codable {
  package var texts: Int
  package var places: Int

  package init(texts: Int = 0, places: Int = 0) {
    self.texts = texts
    self.places = places
  }

  /// The counts in words, e.g. `3 texts, 2 places`, without a count of one. Nil if there is one of each.
  package var words: String? {
    let words = [(texts, "text"), (places, "place")].filter { $0.0 > 1 }.map { DisplayText.count($0, $1) }
    return words.isEmpty ? nil : words.joined(separator: ", ")
  }
}
