/// When pages move from the WAL into the database, and who moves them.
///
/// It is a value without a database; the writer's thread asks it after each commit.
struct CheckpointPlan {
  enum Step: Hashable {
    case nothing
    /// Let the other connection copy what is there.
    case copy
    /// It is far behind: wait for it, then ask again.
    case wait
    /// Little is left: move it, so that the next commit begins the WAL anew.
    case finish
  }

  private enum State {
    case growing
    case copying
    case copied
  }

  /// Frames after which a WAL is long enough.
  private let length: Int
  /// Frames at which the next copying begins.
  private var due: Int
  private var state = State.growing

  /// - Parameter length: frames, one for each page that was written.
  init(length: Int) {
    self.length = length
    due = length
  }

  /// - Parameter frames: in the WAL after a commit.
  mutating func next(frames: Int) -> Step {
    switch state {
    case .growing where frames >= due:
      state = .copying
      return .copy
    case .growing: return .nothing
    // A database that is written slower than the WAL would let it grow for ever.
    case .copying: return frames >= due + 3 * length ? .wait : .nothing
    case .copied: return .finish
    }
  }

  /// - Parameter frames: in the WAL when it failed; nil: it did not.
  mutating func copied(failedAt frames: Int? = nil) {
    state = frames == nil ? .copied : .growing
    if let frames { due = frames + length }
  }

  /// - Parameter frames: that are in the WAL still, since somebody reads them or it failed; nil: none.
  mutating func finished(keeping frames: Int?) {
    state = .growing
    due = (frames ?? 0) + length
  }
}
