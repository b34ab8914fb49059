"""Hooks on a pipeline's modules and methods that leave nothing behind."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from diffusers.hooks import HookRegistry, ModelHook

_NAME = "daam"


def is_hooked(module: Any) -> bool:
    """Whether `hooked` is in force on the module."""
    registry = getattr(module, "_diffusers_hook", None)
    return registry is not None and registry.get_hook(_NAME) is not None


@contextmanager
def hooked(module: Any, around: Callable[..., Any]) -> Iterator[None]:
    """A diffusers hook on the module: `around` gets the module's forward and its arguments."""
    hook = ModelHook()
    hook.new_forward = lambda module, *args, **kwargs: around(hook.fn_ref.original_forward, *args, **kwargs)
    had_registry, had_forward = hasattr(module, "_diffusers_hook"), "forward" in vars(module)
    registry = HookRegistry.check_if_exists_or_initialize(module)
    registry.register_hook(hook, _NAME)
    try:
        yield
    finally:
        registry.remove_hook(_NAME, recurse=False)
        if not registry.hooks and not had_forward:
            del module.forward
        if not registry.hooks and not had_registry:
            del module._diffusers_hook


@contextmanager
def wrapped(owner: Any, name: str, wrapper: Callable[..., Any]) -> Iterator[None]:
    """Replace a method on this one object; `wrapper` gets the method and its arguments."""
    original = getattr(owner, name)
    own = name in vars(owner)
    setattr(owner, name, functools.update_wrapper(functools.partial(wrapper, original), original))
    try:
        yield
    finally:
        if own:
            setattr(owner, name, original)
        else:
            delattr(owner, name)
