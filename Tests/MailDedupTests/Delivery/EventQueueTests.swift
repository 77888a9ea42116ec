import Testing

@testable import MailDedup

@Suite(.timeLimit(.minutes(5))) struct EventQueueTests {
  @Test("what came before somebody listens is taken at once, in its order; what comes later rings again")
  func burst() async {
    let queue = EventQueue<Int>()
    for event in 1...3 { queue.add(event) }
    var rings = queue.bell.makeAsyncIterator()
    await rings.next()
    #expect(queue.take() == [1, 2, 3])
    #expect(queue.take().isEmpty)
    queue.add(4)
    await rings.next()
    #expect(queue.take() == [4])
  }

  @Test("nothing is lost, nor is a bell, where many add while one takes")
  func many() async {
    let queue = EventQueue<Int>()
    let adding = Task {
      await withDiscardingTaskGroup { group in
        for _ in 1...8 { group.addTask { for event in 1...1000 { queue.add(event) } } }
      }
    }
    var sum = 0
    for await _ in queue.bell {
      sum += queue.take().reduce(0, +)
      if sum == 8 * 500_500 { break }
    }
    #expect(sum == 8 * 500_500)
    await adding.value
  }
}
