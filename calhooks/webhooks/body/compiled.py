"""Templates that are ready to render, kept while they are in use."""

import threading
from collections import OrderedDict
from weakref import WeakValueDictionary

from calhooks.webhooks.template import Template, compile_template

# In characters of all sources together. A template takes 20 to 60 bytes for each, up to 300 where all is variables.
MAX_KEPT_CHARACTERS = 500_000


class TemplateCache:
    """The templates used last, as many as are `max_characters` long together: a thousand of the usual length.

    A template that is held elsewhere is found, too, however many others were used since.
    """

    def __init__(self, max_characters: int = MAX_KEPT_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._kept = OrderedDict[tuple[str, str], Template]()
        self._held = WeakValueDictionary[tuple[str, str], Template]()
        self._characters = 0
        self._lock = threading.Lock()

    def get(self, source: str, content_type: str) -> Template:
        """Return a template ready to render. Raises TemplateError."""
        key = source, content_type
        with self._lock:
            if template := self._held.get(key):
                self._keep(key, template)
                return template
        template = compile_template(source, content_type)
        with self._lock:
            self._keep(key, template)
        return template

    def _keep(self, key: tuple[str, str], template: Template) -> None:
        if key not in self._kept:
            self._held[key] = self._kept[key] = template
            self._characters += len(key[0])
        self._kept.move_to_end(key)
        while self._characters > self._max_characters:
            (source, _), _ = self._kept.popitem(last=False)
            self._characters -= len(source)


compiled = TemplateCache().get
