import DedupCore
import Testing

@Suite("Metrics as text")
struct ExpositionTests {
  @Test("labels and help are escaped, whole numbers are whole, a family without values is there")
  func families() {
    var exposition = Exposition()
    exposition.add(
      "a_total", .counter, "Help with \\ and\nline.",
      [.init(3, [.init("site", "a \"b\" \\ c\nd")]), .init(0.5, [.init("x", "1"), .init("y", "2")])])
    exposition.add("b", .gauge, "None.", [])
    exposition.add("c", .gauge, "One.", 7)
    #expect(
      exposition.text == """
        # HELP a_total Help with \\\\ and\\nline.
        # TYPE a_total counter
        a_total{site="a \\"b\\" \\\\ c\\nd"} 3
        a_total{x="1",y="2"} 0.5
        # HELP b None.
        # TYPE b gauge
        # HELP c One.
        # TYPE c gauge
        c 7

        """)
  }

  @Test("buckets count all below them, and the last one everything")
  func histogram() {
    var histogram = Histogram(bounds: [1, 2.5])
    for value in [0.5, 1, 2, 9] { histogram.add(value) }
    var exposition = Exposition()
    exposition.add("h", "H.", histogram)
    #expect(
      exposition.text == """
        # HELP h H.
        # TYPE h histogram
        h_bucket{le="1"} 2
        h_bucket{le="2.5"} 3
        h_bucket{le="+Inf"} 4
        h_sum 12.5
        h_count 4

        """)
  }
}
