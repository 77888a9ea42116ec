"""A TCP server for tests: in a thread of its own, on the same port after each stop."""
import asyncio
import threading

from .waiting import free_port


class ThreadedServer:
    """Subclasses hold the conversations: `converse` is called for each connection, and may be cancelled."""

    def __init__(self):
        self.port = free_port()
        self._loop = None
        self._ended = None
        self._thread = None

    def start(self):
        """Listens, in a thread of its own."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)))
        self._thread.start()
        assert ready.wait(10), "the server does not listen"
        return self

    def stop(self) -> None:
        """Refuses connections from now on, and cuts those that are open."""
        if self._thread:
            self._loop.call_soon_threadsafe(self._ended.set)
            self._thread.join(10)
            self._thread = None

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        raise NotImplementedError

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._ended = asyncio.get_running_loop(), asyncio.Event()
        conversations = set()

        async def talk(reader, writer):
            task = asyncio.current_task()
            conversations.add(task)
            try:
                await self.converse(reader, writer)
            except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                pass
            finally:
                conversations.discard(task)
                writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", self.port, limit=2**26, backlog=200)
        ready.set()
        await self._ended.wait()
        server.close()
        for task in list(conversations):
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)
