"""What processes tell each other without words. The supervisor imports this: nothing else may be loaded by it."""

import signal

# To the scheduler: another process has died. One that does not listen yet ignores this signal, as it must.
PROCESS_DIED = signal.SIGURG
