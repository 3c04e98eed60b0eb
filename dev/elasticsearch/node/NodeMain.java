package projector.dev.node;

import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.InternalSettingsPreparer;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * Runs one Elasticsearch node in this process until a signal ends it. Takes the folder of modules, the folder of
 * configuration, then settings as {@code name=value}.
 */
public final class NodeMain {

    private NodeMain() {}

    public static void main(String[] arguments) throws InterruptedException {
        try {
            start(arguments);
        } catch (Throwable failure) {
            // Threads of a node that is half started would keep the process alive.
            failure.printStackTrace();
            System.exit(1);
        }
        new CountDownLatch(1).await();
    }

    private static void start(String[] arguments) throws Exception {
        Path modules = Path.of(arguments[0]);
        Path config = Path.of(arguments[1]);
        Settings.Builder settings = Settings.builder();
        for (int position = 2; position < arguments.length; position++) {
            String[] setting = arguments[position].split("=", 2);
            settings.put(setting[0], setting[1]);
        }

        LogConfigurator.registerErrorListener();
        LogConfigurator.setNodeName("dev");
        Environment environment = InternalSettingsPreparer.prepareEnvironment(
            settings.build(),
            Map.of(),
            config,
            () -> "dev"
        );
        LogConfigurator.configure(environment, true);

        PluginsLoader plugins = PluginsLoader.createPluginsLoader(
            PluginsLoader.loadModulesBundles(modules),
            Set.of(),
            Map.of(),
            false
        );
        Node node = new Node(environment, plugins);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node), "close-node"));
        node.start();
    }

    private static void close(Node node) {
        try {
            node.prepareForClose();
            node.close();
            node.awaitClose(10, TimeUnit.SECONDS);
        } catch (Exception failure) {
            failure.printStackTrace();
        }
    }
}
