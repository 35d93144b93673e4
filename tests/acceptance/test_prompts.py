"""The real voice: espeak-ng speaks the whole catalogue, with the right tones, fit for the telephone."""

import re
import time

import numpy as np
import pytest

from cti.prompts import audio
from cti.prompts.build import build_prompts
from cti.prompts.files import missing, prompt_file
from cti.prompts.joining import join_as_wav
from cti.prompts.voices import PINYIN, Utterance, as_pinyin, find_speaker, is_pause
from ivr.speech import Prompt, catalogue, speak

pytestmark = pytest.mark.acceptance

HAN = re.compile(r"[\u3400-\u9fff]")
TONES = {"55": "1", "35": "2", "214": "3", "21": "3", "51": "4"}
SENTENCES = (
    Prompt("test/balance", "zh", "您的余额是一百二十三元四角五分"),
    Prompt("test/balance", "en", "Your balance is one hundred twenty-three yuan and forty-five fen"),
)


@pytest.fixture(scope="module")
def speaker():
    return find_speaker()


@pytest.fixture(scope="module")
def sounds(tmp_path_factory, speaker):
    folder = tmp_path_factory.mktemp("sounds")
    started = time.monotonic()
    build_prompts((*catalogue(), *SENTENCES), folder, speaker)
    assert time.monotonic() - started < 60
    return folder


def syllables(phonemes):
    """espeak-ng's mnemonics without stress, each syllable's sound with its tone 1-5."""
    plain = re.sub(r"[\s',|_]", "", phonemes)
    return re.sub(r"\d{2,3}", lambda tone: TONES.get(tone[0], "5") + " ", plain)


def of_prompt(folder, id_, language="zh"):
    return audio.from_ulaw(prompt_file(folder, Prompt(id_, language, "")).read_bytes())


def test_everything_is_there_and_no_two_payloads_are_alike(sounds):
    prompts = (*catalogue(), *SENTENCES)
    assert missing(prompts, sounds) == ()
    payloads = {prompt_file(sounds, prompt).read_bytes() for prompt in prompts}
    assert len(payloads) == len(prompts)


def test_a_second_build_starts_nothing_and_is_quick(sounds, speaker):
    started = time.monotonic()
    report = build_prompts((*catalogue(), *SENTENCES), sounds, speaker)
    assert report.rendered == ()
    assert time.monotonic() - started < 0.3


def test_every_piece_is_short_level_and_in_whole_packets(sounds):
    for prompt in catalogue():
        samples = of_prompt(sounds, prompt.id, prompt.language)
        assert samples.size % audio.FRAME_SAMPLES == 0
        assert 0.2 <= samples.size / audio.RATE_HZ <= 1.4, prompt
        if not is_pause(prompt.text):
            loudness_db = 20 * np.log10(np.sqrt(np.mean(samples**2)))
            assert np.abs(samples).max() <= audio.PEAK * 1.03, prompt
            assert -24 < loudness_db < -17.5, prompt


@pytest.mark.parametrize(("language", "least", "most"), [("zh", 2.0, 5.0), ("en", 2.5, 6.0)])
def test_a_sentence_takes_the_time_a_speaker_takes(sounds, language, least, most):
    assert least < of_prompt(sounds, "test/balance", language).size / audio.RATE_HZ < most


def test_digits_sound_different(sounds):
    """The picture of a digit (spectrum over time) is far nearer to itself with other noise than to another digit's."""
    spoken = {digit: of_prompt(sounds, f"say/n-{digit}") for digit in range(10)}
    for digit, samples in spoken.items():
        itself = distance(samples, audio.dithered(samples, "other noise"))
        others = [distance(samples, spoken[other]) for other in spoken if other != digit]
        assert min(others) > 10 * itself


def distance(one, other):
    return float(np.linalg.norm(picture(one) - picture(other)))


def picture(samples):
    return np.concatenate([np.abs(np.fft.rfft(frame, 512))[:128] for frame in np.array_split(samples, 8)])


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("余额", "jy2 o-2"),
        ("重庆", "ts.hong2 tS;hi4 N"),
        ("您", "ni2 n"),
        ("报修", "pAu4 S;iou1"),
        ("元", "jy&2 n"),
        ("还款", "Xua2 nkhwa3 n"),
        ("重听", "ts.hong2 thi1 N"),
        ("几点", "tS;i2 tiE3 n"),
        ("#号键", "tS;i3 NXAu4 tS;iE4 n"),
        ("*键", "S;i1 NXAu4 tS;iE4 n"),
    ],
)
def test_words_that_older_engines_spelt_in_letters_have_their_sound_and_tone(speaker, text, sound):
    assert syllables(speaker.phonemes(speaker.utterance(text, "zh"))).strip() == sound


def test_every_chinese_piece_is_read_as_the_dictionary_has_it(speaker):
    """pypinyin's dictionary is the oracle; 一 may change its tone, an unstressed 上 may lose it."""
    for prompt in catalogue():
        if prompt.language == "zh" and HAN.search(prompt.text):
            read = syllables(speaker.phonemes(speaker.utterance(prompt.text, "zh")))
            meant = syllables(speaker.phonemes(Utterance(PINYIN, as_pinyin(prompt.text))))
            assert "(en)" not in read
            assert loosened(read) == loosened(meant), prompt
            assert len(re.findall(r"\d ", read)) == len(HAN.findall(prompt.text)), prompt


def loosened(sounds_with_tones):
    return re.sub(r"\bji[124] |(?<=s\.A)[45] ", "~", sounds_with_tones)


def test_letters_are_spelt_in_both_languages(speaker):
    assert speaker.phonemes(speaker.utterance("A", "zh")) == "'eI"
    assert speaker.phonemes(speaker.utterance("a.m.", "en")) == ",eI'Em"


def test_a_recorded_file_wins(tmp_path, speaker):
    prompt = SENTENCES[0]
    build_prompts([prompt], tmp_path / "voice", speaker)
    recording = tmp_path / "recordings/zh/test/balance.wav"
    recording.parent.mkdir(parents=True)
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
    recording.write_bytes(audio.to_wav(tone))
    build_prompts([prompt], tmp_path / "sounds", speaker, recordings=tmp_path / "recordings")
    samples = of_prompt(tmp_path / "sounds", "test/balance")
    assert np.argmax(np.abs(np.fft.rfft(samples, 8000))) == pytest.approx(440, abs=2)
    assert samples.size != of_prompt(tmp_path / "voice", "test/balance").size


def test_a_joined_amount_flows_like_speech(tmp_path, sounds):
    """Spoken in pieces, 1234.50 yuan takes little longer than said as one sentence."""
    by_id = {prompt.id: prompt for prompt in catalogue() if prompt.language == "zh"}
    seconds = join_as_wav([by_id[piece] for piece in speak("money", 123450, "zh")], sounds, tmp_path / "amount.wav")
    samples, rate = audio.read_sound(tmp_path / "amount.wav", "amount")
    assert (rate, samples.size / rate) == (8000, pytest.approx(seconds))
    assert 2.0 < seconds < 4.5
    loud = np.flatnonzero(np.abs(samples) > 0.02)
    assert np.diff(loud).max() / rate < 0.12, "a hole between two pieces"
