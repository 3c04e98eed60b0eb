package projector.dev.plugin;

import java.util.Locale;
import java.util.Set;

import org.apache.lucene.analysis.TokenStream;
import org.apache.lucene.analysis.en.EnglishPossessiveFilter;
import org.apache.lucene.analysis.en.PorterStemFilter;
import org.apache.lucene.analysis.snowball.SnowballFilter;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.index.analysis.TokenFilterFactory;
import org.tartarus.snowball.ext.RussianStemmer;

/** The stock {@code stemmer}, in the languages that the definitions use: the same Lucene filters under the same names. */
final class StemmerFactory implements TokenFilterFactory {

    private final String name;
    private final String language;

    StemmerFactory(String name, Settings settings) {
        this.name = name;
        this.language = settings.get("language", settings.get("name", "porter")).toLowerCase(Locale.ROOT);
        if (!Set.of("porter", "english", "possessive_english", "russian").contains(language)) {
            throw new IllegalArgumentException(
                "The development node's stemmer [" + name + "] has no language [" + language
                    + "]: only english, possessive_english and russian"
            );
        }
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public TokenStream create(TokenStream tokens) {
        return switch (language) {
            case "possessive_english" -> new EnglishPossessiveFilter(tokens);
            case "russian" -> new SnowballFilter(tokens, new RussianStemmer());
            default -> new PorterStemFilter(tokens);
        };
    }
}
