"""Documentation and sounds where Asterisk looks for them."""

from pathlib import Path

from cti.provision.asterisk import AsteriskInstall


def link_sounds(data: Path, install: AsteriskInstall, prompts: Path) -> None:
    """Link documentation, Asterisk's English core sounds and the hotline's prompts below Asterisk's data folder.

    Core sounds are also linked without a language: a Chinese caller needs the beep, too.
    """
    _link(data / "documentation", install.datadir / "documentation")
    sounds = data / "sounds"
    for folder in (sounds, sounds / "en"):
        folder.mkdir(parents=True, exist_ok=True)
        for file in install.sounds.iterdir() if install.sounds else ():
            _link(folder / file.name, file)
    for language in prompts.iterdir() if prompts.is_dir() else ():
        if (language / "hotline").is_dir():
            (sounds / language.name).mkdir(exist_ok=True)
            _link(sounds / language.name / "hotline", language / "hotline")


def _link(link: Path, target: Path) -> None:
    target = target.absolute()
    if link.is_symlink():
        if link.readlink() == target:
            return
        link.unlink()
    link.symlink_to(target)
